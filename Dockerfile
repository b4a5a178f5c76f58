# docker build -t gta .                                                            on a CPU
# docker build -t gta --build-arg BASE=nvidia/cuda:12.8.1-runtime-ubuntu24.04 --build-arg WHEELS=https://pypi.org/simple .
# docker run --rm gta python -m experiments.run table_ablation_components
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG WHEELS=https://download.pytorch.org/whl/cpu
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /gta
RUN python3 -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY . .
RUN PIP_EXTRA_INDEX_URL=${WHEELS} pip install --no-cache-dir --editable '.[study]'
CMD ["python", "-m", "experiments.run", "--list"]
