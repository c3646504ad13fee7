"""Chapter 6's search: python tools/deploy/search.py laptop, slurm or an address."""

import sys

from distributed import Client, LocalCluster

from softmax_lib.datasets import get_CIFAR10_data
from softmax_lib.parallel import grid_search_parallel


def connect(where: str) -> Client:
    """Start a cluster, or find the one whose scheduler listens at an address."""
    if where == "laptop":
        return Client(LocalCluster(threads_per_worker=1, dashboard_address=None))
    if where == "slurm":
        from dask_jobqueue import SLURMCluster

        cluster = SLURMCluster()  # its settings are in tools/deploy/slurm.yaml
        cluster.scale(jobs=4)
        return Client(cluster)
    return Client(where)


def search(client: Client, num_iters: int = 1000) -> None:
    """Train the nine pairs on the cluster's workers, and print what they reach."""
    data = get_CIFAR10_data(rng=0)
    client.wait_for_workers(1)
    result = grid_search_parallel(
        client,
        *(data.X_train, data.y_train, data.X_val, data.y_val),
        learning_rates=[1e-7, 5e-7, 1e-6],
        regs=[1e4, 2.5e4, 5e4],
        num_iters=num_iters,
        rng=0,
        verbose=True,
    )
    print("best:", result.best)


if __name__ == "__main__":
    with connect(sys.argv[1]) as client:
        search(client)
