"""The HTTP interface: who may read what, as resources under `/v1`, and the pages that go with it."""
