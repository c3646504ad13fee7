#!/bin/bash
# sbatch tools/deploy/slurm.sh   (from the folder of the book; its four jobs of workers follow)
#SBATCH --job-name=softmax-search
#SBATCH --partition=normal
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=01:00:00
set -euo pipefail
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
.venv/bin/python tools/deploy/search.py slurm
