"""What two rooms or more share: time, readings, bits, windows, settings, errors and logs. No I/O."""
