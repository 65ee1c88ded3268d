"""A simulated herd: true postures, the messages its collars would send, and the faults on the way.

Everything is a pure function of the settings (the seed among them), the animal and the time, so that
history made yesterday and messages made live continue each other, however the time is cut.
"""
