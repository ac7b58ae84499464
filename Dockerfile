# One image for the portal, its worker, its scheduler and its migrations: docker-compose.yml says which runs what.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/srv/parvis/.venv/bin:$PATH \
    DJANGO_SETTINGS_MODULE=portal.settings \
    PARVIS_STATIC_ROOT=/srv/parvis/.static \
    XDG_CACHE_HOME=/tmp

WORKDIR /srv/parvis
COPY requirements.txt ./
COPY tools/setup.sh tools/
RUN tools/setup.sh image && rm -rf .local /root/.cache /var/lib/apt/lists/*

COPY . .
# The settings ask for an installation's values; none of these stays in the image.
RUN DATABASE_URL=postgresql://build/build REDIS_URL=redis://build PARVIS_SECRET_KEY=build \
    PARVIS_PUBLIC_URL=https://build.invalid PARVIS_DOCUMENT_KEYS=build:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --noinput --verbosity=0 \
    && useradd --system --no-create-home --shell /usr/sbin/nologin parvis \
    && install -d -m 0700 -o parvis -g parvis /var/lib/parvis/documents

USER parvis
EXPOSE 8000
# WEB_CONCURRENCY sets the number of workers. Cleaning five heavy documents of one request may take over a minute.
CMD ["gunicorn", "portal.wsgi:application", "--bind=0.0.0.0:8000", "--worker-tmp-dir=/dev/shm", "--timeout=120", "--no-control-socket", "--access-logfile=-"]
