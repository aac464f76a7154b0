# `sopvm serve` as a user without rights of its own. It refuses to start (S0121) until the volume holds a token:
#   docker build -t sopc .
#   docker run --rm -v library:/data sopc sopvm token add me --rights run,read,compile
#   docker run -p 8000:8000 -v library:/data sopc
FROM python:3.13-slim AS wheels
COPY pyproject.toml README.md LICENSE /src/
COPY grammar /src/grammar
COPY runtime /src/runtime
COPY sopc /src/sopc
RUN pip wheel --no-cache-dir --wheel-dir /wheels '/src[serve,mcp,jwt,otel,duckdb,postgres,excel,zst]'

FROM python:3.13-slim
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'sopc[serve,mcp,jwt,otel,duckdb,postgres,excel,zst]'
RUN useradd --uid 10001 --create-home sopc && install --directory --owner sopc /data
USER 10001
WORKDIR /data
ENV SOP_HOME=/data/.sop
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/live', timeout=4)"]
CMD ["sopvm", "serve", "--host", "0.0.0.0"]
