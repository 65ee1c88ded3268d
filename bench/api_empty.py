"""An API without anything: one route that returns an empty object, served as ours is."""

import sys

import uvicorn
from fastapi import FastAPI

from api.listener import listening


def main() -> None:
    """Serve until told to stop; the address is on the first line of standard output."""
    app = FastAPI()

    @app.get("/")
    def empty() -> dict[str, str]:
        return {}

    with listening("127.0.0.1", 0) as listener:
        sys.stdout.write(f"ready api=http://127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, http="h11", log_config=None, access_log=False, ws="none")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
