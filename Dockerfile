# The node in one image. PostgreSQL refuses root, and so does this image: everything runs as animov.
FROM python:3.13.15-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /opt/animov
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --extra cluster --extra console --no-install-project
COPY . .
RUN uv sync --locked --no-dev --extra cluster --extra console --no-editable

FROM python:3.13.15-slim
# A new volume takes owner and rights from here; Mosquitto reads the passwords as another user.
RUN useradd --create-home --uid 10001 animov \
  && install --directory --owner=animov --mode=0700 /data /artefacts \
  && install --directory --owner=animov --mode=0755 /passwords
COPY --from=build --chown=root:root /opt/animov/.venv /opt/animov/.venv
USER 10001
ENV PATH=/opt/animov/.venv/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 1883 8000
# Collars can reach it once one of them has a password: see 'animov collar add --password' and ANIMOV_HOST.
CMD ["animov", "up", "--data-dir", "/data"]
