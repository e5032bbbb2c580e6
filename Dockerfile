# colorzoo serve, on processors, with the embedded weights:
#   docker build -t colorzoo .
#   docker run --rm -p 127.0.0.1:8000:8000 -e COLORZOO_TOKEN=choose-one colorzoo
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml setup.py constraints.txt README.md LICENSE ./
COPY core core
COPY plugins plugins
COPY datasources datasources
COPY zoo zoo
RUN python -m venv /opt/colorzoo \
    && /opt/colorzoo/bin/pip install --no-cache-dir "torch==2.13.0" --index-url https://download.pytorch.org/whl/cpu \
    && /opt/colorzoo/bin/pip install --no-cache-dir ".[serve]" -c constraints.txt

FROM python:3.11-slim-bookworm
# OpenCV's wheel needs these two
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1=1.* libglib2.0-0=2.* \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 colorzoo
COPY --from=build /opt/colorzoo /opt/colorzoo
ENV PATH=/opt/colorzoo/bin:$PATH COLORZOO_CACHE=/home/colorzoo/cache PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /home/colorzoo
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; assert b'\"ok\"' in u.urlopen('http://127.0.0.1:8000/healthz').read()"]
# without COLORZOO_TOKEN it does not start, since a published port lets others in
CMD ["colorzoo", "serve", "--host", "0.0.0.0"]
