"""What every store stands on: connections, failures, news, the node's clock, the queue of jobs."""
