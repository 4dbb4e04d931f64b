# The image of compose.yaml, with what running needs and no more: `docker build -t syndication .`
FROM python:3.13-slim-bookworm AS build
RUN python -m venv /opt/syndication
ENV PATH=/opt/syndication/bin:$PATH
WORKDIR /source
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE worker.py beat_schedule.py ./
COPY syndication syndication
COPY templates templates
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /var/lib/syndication syndication && chmod 700 /var/lib/syndication
COPY --from=build /opt/syndication /opt/syndication
ENV PATH=/opt/syndication/bin:$PATH SYNDICATION_DATA_DIR=/var/lib/syndication
WORKDIR /var/lib/syndication
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["syndication", "web", "--host", "0.0.0.0"]
