"""cron tables: /etc/cron.d, user crontabs, anacrontab; and the log rotation that goes with them."""
