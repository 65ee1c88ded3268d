"""The light page: what a farmer sees of the farm, on a phone in the barn, without anything from outside."""
