# The image of docs/operations.md's compose.yaml: `docker build -t syndication .`
FROM python:3.13-slim AS build
RUN python -m venv /opt/syndication
ENV PATH=/opt/syndication/bin:$PATH
WORKDIR /source
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE worker.py beat_schedule.py ./
COPY syndication syndication
COPY templates templates
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/syndication syndication && chmod 700 /var/lib/syndication
COPY --from=build /opt/syndication /opt/syndication
ENV PATH=/opt/syndication/bin:$PATH SYNDICATION_DATA_DIR=/var/lib/syndication
WORKDIR /var/lib/syndication
USER syndication
EXPOSE 8000
CMD ["syndication", "web", "--host", "0.0.0.0"]
