#!/bin/bash
# Tries the two jobs on a Slurm of one node, which it sets up from Debian's packages (slurm-wlm, munge; as root):
# 200 images in an array of 8 tasks, of which one is killed on the way and one runs out of time, against a single process.
#
#     tools/workflows/slurm/try.sh SELFADAPT        the program, such as published/selfadapt
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$(realpath "$1")" "$work/bin/selfadapt"
export PATH="$work/bin:$PATH" SLURM_CONF="$work/slurm.conf"
model="$here/../../../models/nuclei_small.onnx"

command -v slurmctld munged > /dev/null || { apt-get update; apt-get install -y --no-install-recommends slurm-wlm munge; }

daemons=()
trap 'for d in slurmd slurmctld; do [ ! -e "$work/$d.pid" ] || kill "$(cat "$work/$d.pid")"; done
      [ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}"; wait; rm -rf "$work"' EXIT

# Munge's own key and socket, beside one that may run here already.
chmod 755 "$work"
mkdir -m 755 "$work/munge"
dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 status=none
chmod 600 "$work/munge/key"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" \
  --pid-file="$work/munge/pid" --seed-file="$work/munge/seed" 2> "$work/munge/log" &
daemons+=($!)

node=$(hostname -s)
cat > "$SLURM_CONF" <<CONF
ClusterName=try
SlurmctldHost=$node
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=1
MpiDefault=none
ReturnToService=2
MinJobAge=3600
KillWait=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$node CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
mkdir "$work/state" "$work/spool"
until [ -S "$work/munge/socket" ]; do sleep 0.2; done
slurmctld
slurmd
until sinfo -h -o %t | grep -q idle; do sleep 1; done

# 200 images from the demo's 16.
selfadapt demo --iterations 0 --out "$work/demo" > /dev/null 2>&1
mkdir "$work/images"
i=0
while [ $i -lt 200 ]; do
  for image in "$work"/demo/images/*.tif; do
    [ $i -ge 200 ] || cp "$image" "$work/images/$(printf 'well_%03d.tif' $i)"
    i=$((i + 1))
  done
done

# With --augment an image takes long enough for a task to be caught at work.
options=(--format "tif,csv" --diameter 22 --augment)
cd "$work"
srun --cpus-per-task=1 --mem=0 selfadapt adapt --model "$model" --images demo/images --out adapted --iterations 2 > adapt.log 2>&1
model=adapted/adapted.onnx
echo "One process ..."
time selfadapt segment --model "$model" --images images --out single "${options[@]}" > /dev/null 2>&1
selfadapt segment --gather --model "$model" --images images --out single "${options[@]}" > /dev/null

echo "Eight tasks ..."
submit() { sbatch --parsable --cpus-per-task=1 --mem=0 "$@"; }
array=$(submit --array=0-7 "$here/segment.sbatch" "$model" images parts "${options[@]}")
gather=$(submit --dependency="afterok:$array" "$here/gather.sbatch" "$model" images parts "${options[@]}")

# Once they have some images, the first task is killed the hard way, and the second is told that its time is nearly up.
done_of() { cat "parts/selfadapt_segment.$1-of-8.jsonl" 2> /dev/null | wc -l; }
until [ "$(done_of 1)" -ge 3 ]; do sleep 0.05; done
scontrol requeue "${array}_0"
until [ "$(done_of 2)" -ge 3 ]; do sleep 0.05; done
# (It may say that the task can't be altered now: the task is queuing itself again by then.)
scancel --batch --signal=USR1 "${array}_1" || true
while squeue -h -j "$gather" -t pending,running,completing 2> /dev/null | grep -q .; do
  # A job that is queued again waits two minutes unless it is told to start.
  for task in 0 1; do scontrol update "JobId=${array}_$task" StartTime=now 2> /dev/null || true; done
  sleep 1
done
tail -n 100 "selfadapt-${array}_0.log" "selfadapt-${array}_1.log" "selfadapt-gather-$gather.log"
scontrol show job "$gather" | grep -E "JobState|ExitCode"
for task in 0 1; do
  grep -q "finished already" "selfadapt-${array}_$task.log" || { echo "Task $task did not go on where it stopped."; exit 1; }
done
diff -r -x '*.jsonl' single parts
echo "The same $(find parts -type f ! -name '*.jsonl' | wc -l) files, byte for byte."
