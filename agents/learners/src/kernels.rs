//! The three sums that small networks are made of, for rows that lie one behind another: outputs, gradients of weights, and gradients
//! of inputs (outputs of the transposed weights).
//!
//! Tiles of four rows or inputs by up to sixteen columns stay in registers, which compilers turn into vector instructions where the
//! processor has them. Every product is added without rounding in between, in one order: a processor without such instructions is
//! slow and finds the same bits.

// Loops over the places of fixed arrays are what compilers unroll here.
#![allow(clippy::needless_range_loop)]

/// Columns are filled up to a multiple of so many.
pub(crate) const LANES: usize = 8;
/// Rows are filled up to a multiple of so many.
pub(crate) const ROWS: usize = 4;

/// So many columns with those that fill up.
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(LANES)
}

/// True when the processor has the widest instructions that are used here. Whoever calls what is in this file from a function that is
/// compiled for them has it inlined there.
#[inline]
pub(crate) fn has_wide_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// A layer: row by row what of an input goes to each output, with outputs filled up.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) inputs: usize,
    pub(crate) columns: usize,
    pub(crate) weights: &'a [f32],
}

/// Outputs of rows of inputs, of which the first `of.inputs` of each `stride` count: `bias + x W`.
///
/// `columns` is a multiple of [`LANES`], the number of rows one of [`ROWS`].
#[inline(always)]
pub(crate) fn multiply(
    (rows, stride): (&[f32], usize),
    of: Weights<'_>,
    bias: &[f32],
    outputs: &mut Vec<f32>,
) {
    let count = rows.len() / stride;
    outputs.resize(count * of.columns, 0.0);
    for (rows, outputs) in rows.chunks_exact(ROWS * stride).zip(outputs.chunks_exact_mut(ROWS * of.columns)) {
        let mut first = 0;
        while first + 2 * LANES <= of.columns {
            multiply_tile::<{ 2 * LANES }>((rows, stride), of, bias, outputs, first);
            first += 2 * LANES;
        }
        if first < of.columns {
            multiply_tile::<LANES>((rows, stride), of, bias, outputs, first);
        }
    }
}

#[inline(always)]
fn multiply_tile<const L: usize>(
    (rows, stride): (&[f32], usize),
    of: Weights<'_>,
    bias: &[f32],
    outputs: &mut [f32],
    first: usize,
) {
    let mut start = [0.0; L];
    start.copy_from_slice(&bias[first..first + L]);
    let mut sums = [start; ROWS];
    let row = |row: usize| &rows[row * stride..][..of.inputs];
    let rows: [&[f32]; ROWS] = [row(0), row(1), row(2), row(3)];
    for (input, weights) in of.weights.chunks_exact(of.columns).take(of.inputs).enumerate() {
        let weights = &weights[first..first + L];
        for row in 0..ROWS {
            let part = rows[row][input];
            for lane in 0..L {
                sums[row][lane] = part.mul_add(weights[lane], sums[row][lane]);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        outputs[row * of.columns + first..][..L].copy_from_slice(sums);
    }
}

/// What is below 0 becomes 0.
#[inline(always)]
pub(crate) fn bend(outputs: &mut [f32]) {
    for output in outputs {
        *output = output.max(0.0);
    }
}

/// Adds to the gradient of weights what rows of inputs and of gradients of outputs give: `x^T d`.
#[inline(always)]
pub(crate) fn add_outer(
    (rows, stride): (&[f32], usize),
    inputs: usize,
    slopes: &[f32],
    columns: usize,
    sums: &mut [f32],
) {
    let mut first = 0;
    while first + 2 * LANES <= columns {
        add_outer_columns::<{ 2 * LANES }>((rows, stride), inputs, (slopes, columns), sums, first);
        first += 2 * LANES;
    }
    if first < columns {
        add_outer_columns::<LANES>((rows, stride), inputs, (slopes, columns), sums, first);
    }
}

#[inline(always)]
fn add_outer_columns<const L: usize>(
    rows: (&[f32], usize),
    inputs: usize,
    slopes: (&[f32], usize),
    sums: &mut [f32],
    first: usize,
) {
    let mut input = 0;
    while input + 4 <= inputs {
        add_outer_tile::<4, L>(rows, input, slopes, sums, first);
        input += 4;
    }
    while input + 2 <= inputs {
        add_outer_tile::<2, L>(rows, input, slopes, sums, first);
        input += 2;
    }
    if input < inputs {
        add_outer_tile::<1, L>(rows, input, slopes, sums, first);
    }
}

#[inline(always)]
fn add_outer_tile<const I: usize, const L: usize>(
    (rows, stride): (&[f32], usize),
    input: usize,
    (slopes, columns): (&[f32], usize),
    sums: &mut [f32],
    first: usize,
) {
    let mut tile = [[0.0; L]; I];
    for (place, tile) in tile.iter_mut().enumerate() {
        tile.copy_from_slice(&sums[(input + place) * columns + first..][..L]);
    }
    for (row, slopes) in rows.chunks_exact(stride).zip(slopes.chunks_exact(columns)) {
        let (row, slopes) = (&row[input..input + I], &slopes[first..first + L]);
        for place in 0..I {
            for lane in 0..L {
                tile[place][lane] = row[place].mul_add(slopes[lane], tile[place][lane]);
            }
        }
    }
    for (place, tile) in tile.iter().enumerate() {
        sums[(input + place) * columns + first..][..L].copy_from_slice(tile);
    }
}

/// Adds up columns.
#[inline(always)]
pub(crate) fn add_columns(slopes: &[f32], columns: usize, sums: &mut [f32]) {
    for row in slopes.chunks_exact(columns) {
        sums.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
    }
}

/// Gradients behind a bend are 0 where nothing came out of it.
#[inline(always)]
pub(crate) fn bend_back(slopes: &mut [f32], outputs: &[f32]) {
    for (slope, &output) in slopes.iter_mut().zip(outputs) {
        // Multiplied, so that nothing is written under a condition.
        *slope *= if output > 0.0 { 1.0 } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four rows of two inputs in rows of three, a layer of two inputs and ten outputs filled up to sixteen.
    #[test]
    fn sums_are_those_of_the_definition() {
        let rows: Vec<f32> = (0..12).map(|place| place as f32 - 5.0).collect();
        let weights: Vec<f32> = (0..32).map(|place| 0.5 * (place % 7) as f32 - 1.0).collect();
        let bias: Vec<f32> = (0..16).map(|place| place as f32).collect();
        let layer = Weights { inputs: 2, columns: 16, weights: &weights };
        let (mut outputs, mut straight) = (Vec::new(), Vec::new());
        multiply((&rows, 3), layer, &bias, &mut outputs);
        bend(&mut outputs);
        multiply((&rows, 3), layer, &bias, &mut straight);
        let mut sums = vec![1.0; 32];
        add_outer((&rows, 3), 2, &straight, 16, &mut sums);
        for column in 0..16 {
            let of = |row: usize, input: usize| rows[3 * row + input];
            for row in 0..4 {
                let expected =
                    bias[column] + of(row, 0) * weights[column] + of(row, 1) * weights[16 + column];
                assert_eq!(straight[16 * row + column], expected);
                assert_eq!(outputs[16 * row + column], expected.max(0.0));
            }
            for input in 0..2 {
                let sum: f32 = (0..4).map(|row| of(row, input) * straight[16 * row + column]).sum();
                assert_eq!(sums[16 * input + column], 1.0 + sum);
            }
        }
        let mut columns = vec![0.0; 16];
        add_columns(&straight, 16, &mut columns);
        assert_eq!(columns[3], (0..4).map(|row| straight[16 * row + 3]).sum::<f32>());
        bend_back(&mut straight, &outputs);
        assert_eq!(straight, outputs, "what is below 0 has no gradient");
        assert_eq!((padded(1), padded(8), padded(18)), (8, 8, 24));
    }
}
