"""Counts tasks, span and requested core-hours and device-hours of published files, knowing nothing of the importers.

Usage: independent_count.py FOLDER_OF_TRACES; prints one JSON object: file -> [tasks, span_seconds, core_hours, device_hours].
Only the standard library is used.
"""

import csv
import datetime
import gzip
import io
import json
import pathlib
import sys
import zoneinfo


def text(path):
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return raw.decode("utf-8", "replace")


def rows(path):
    return csv.DictReader(io.StringIO(text(path)))


def total(tasks):
    """tasks: (submit seconds, run seconds, cores, devices, tasks it is split into)"""
    tasks = list(tasks)
    submits = [task[0] for task in tasks]
    return [
        sum(task[4] for task in tasks),
        max(submits) - min(submits),
        sum(task[1] * task[2] for task in tasks) / 3600,
        sum(task[1] * task[3] for task in tasks) / 3600,
    ]


def swf(path):
    for line in text(path).splitlines():
        fields = line.split()
        if not fields or line.startswith(";") or fields[0][0].isalpha():
            continue
        submit, run, used, asked, status = float(fields[1]), float(fields[3]), int(fields[4]), int(fields[7]), int(fields[10])
        cores = asked if asked != -1 else used
        if run >= 0 and cores > 0 and status not in (2, 3, 4) and not (status == 5 and run == 0):
            yield submit, run, cores, 0, 1


def openb(path):
    for index, row in enumerate(rows(path)):
        devices = int(row["num_gpu"]) * int(row["gpu_milli"]) / 1000
        cores = int(row["cpu_milli"]) / 1000
        if "creation_time" not in row:
            yield index, 0, cores, devices, 1
            continue
        created, deleted = float(row["creation_time"]), float(row["deletion_time"])
        began = float(row["scheduled_time"]) if row["scheduled_time"] else created
        yield created, deleted - began, cores, devices, 1


def split(gpus):
    return -(-gpus // 8)


def elasticflow(path):
    for row in rows(path):
        gpus = int(row["num_gpu"])
        yield float(row["submission_time"]), float(row["duration"]), 0, gpus, split(gpus)


def tiresias(path):
    for row in rows(path):
        gpus = int(row["num_gpu"])
        if gpus > 0:
            yield float(row["submit_time"]), float(row["duration"]), 0, gpus, split(gpus)


def philly(path):
    zone = zoneinfo.ZoneInfo("America/Los_Angeles")
    for row in rows(path):
        gpus = int(row["num_gpus"])
        local = datetime.datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
        yield local.timestamp(), float(row["duration"]), 0, gpus, split(gpus)


def gaia(path):
    unit = 1 if "1k" in path.name else 3600
    for row in rows(path):
        yield float(row["arrival_time"]) * unit, float(row["length"]) * unit, float(row["cpus"]), 0, 1


def batsim(path):
    document = json.loads(text(path))
    for job in document["jobs"]:
        yield job["subtime"], document["profiles"][job["profile"]]["delay"], job["res"], 0, 1


def gwf(path):
    for row in csv.reader(io.StringIO(text(path))):
        if row[0].strip().isdigit():
            yield float(row[2]), float(row[3]), int(row[5]), 0, 1


def alibaba_2017(path):
    table = list(csv.reader(io.StringIO(text(path))))[1:]
    told = [row for row in table if row[5] != "Waiting" and row[6]]
    last = max(float(row[1]) for row in told if float(row[1]) >= 0 and row[5])
    for row in told:
        created, ended = float(row[0]), float(row[1])
        if row[5] == "Running" and ended < created:
            ended = last
        if ended >= 0:
            yield max(created, 0), ended - max(created, 0), int(row[6]) / 100, 0, 1


def alibaba_gpu_2025(path):
    table = list(rows(path))
    last = max(float(row[column]) for row in table for column in ("scheduled_time", "deletion_time") if row[column])
    for row in table:
        created = float(row["creation_time"] or 0)
        ended = float(row["deletion_time"] or last)
        yield created, ended - float(row["scheduled_time"] or created), int(row["cpu_request"]), int(row["gpu_request"]), 1


FILES = {
    "alibaba-v2017/batch_task.csv.gz": alibaba_2017,
    "alibaba-gpu-v2025/disaggregated_DLRM_trace.csv.gz": alibaba_gpu_2025,
    "swf/HPC2N-2002-2.2-cln.swf.gz": swf,
    "swf/CTC-SP2-1996-3.1-cln.swf.gz": swf,
    "swf/KTH-SP2.swf.gz": swf,
    "swf/LCG.swf.gz": swf,
    "swf/CEA-Curie_sample.swf.gz": swf,
    "swf/mira_walltime.swf.gz": swf,
    "swf/lublin_256.swf.gz": swf,
    "alibaba-gpu-v2023/openb_pod_list_default.csv": openb,
    "alibaba-gpu-v2023/openb_pod_list_multigpu20.csv": openb,
    "elasticflow-itp/raw/cluster02.csv.gz": elasticflow,
    "elasticflow-itp/raw/cluster07.csv.gz": elasticflow,
    "tiresias/60_job.csv": tiresias,
    "philly-chronus/trace_job_Philly_MIX1.csv.gz": tiresias,
    "philly-sia/philly.csv.gz": philly,
    "gaia/pai-100k.csv.gz": gaia,
    "gaia/azure-100k.csv.gz": gaia,
    "gaia/pai_1k.csv": gaia,
    "batsim/evalys-medium_late.json": batsim,
    "gwf/trace.gwf": gwf,
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    print(json.dumps({name: total(read(folder / name)) for name, read in FILES.items()}))
