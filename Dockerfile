# One image for web and worker: the command decides. Everything is pinned and hashed in requirements/.

FROM python:3.13-slim-bookworm AS build
WORKDIR /shop
COPY requirements/ requirements/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes --no-deps \
        -r requirements/base.txt -r requirements/documentation.txt
COPY . .
# Settings are strict in production; these throwaway values exist for this one command only.
RUN ENVIRONMENT=production SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ALLOWED_HOSTS=localhost DATABASE_URL=postgres://nobody@127.0.0.1:1/none EMAIL_URL=consolemail:// \
    STATIC_ROOT=/shop/static /venv/bin/python manage.py collectstatic --noinput -v0 \
    && /venv/bin/python -m compileall -q .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home shop && install -d -o shop -g shop /data /data/media
COPY --from=build /venv /venv
COPY --from=build /shop /shop
WORKDIR /shop
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENVIRONMENT=production HOST=0.0.0.0 PORT=8000 \
    DATA_DIR=/data STATIC_ROOT=/shop/static MEDIA_ROOT=/data/media
USER 10001
VOLUME /data/media
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "import os; from urllib.request import Request, urlopen; host = os.environ['ALLOWED_HOSTS'].split(',')[0].lstrip('.'); urlopen(Request('http://127.0.0.1:' + os.environ['PORT'] + '/health/live', headers={'Host': host}), timeout=4)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
