"""The routes of the first AniMOV, for the programs that still call them: French, with errors in `message`."""
