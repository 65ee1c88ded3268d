"""Workers that share the partitions of a Kafka topic: each opens records and commits them as one machine would."""
