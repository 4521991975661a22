import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startServer } from './process.ts'
import type { Running } from './process.ts'

const PLACES: readonly string[] = [
  '/usr/sbin/nginx',
  '/usr/local/sbin/nginx',
  '/usr/local/bin/nginx',
  '/opt/homebrew/bin/nginx',
]

/** Where nginx is, if it is installed. */
export function findNginx(): string | undefined {
  return PLACES.find((place) => existsSync(place))
}

/**
 * nginx as one would set it up for token streams: nothing buffered, connections kept on both sides,
 * one worker, no access log. `keepalive_requests` because its default of 1,000 would make the short
 * streams pay for reconnecting.
 */
function config(directory: string, port: number, upstreamPort: number): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 19000; multi_accept on; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000;
  keepalive_timeout 300s;
  tcp_nodelay on;
  upstream provider {
    server 127.0.0.1:${upstreamPort};
    keepalive 1024;
    keepalive_requests 1000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 300s;
    }
  }
}
`
}

/** Starts nginx in front of the provider, in a directory of its own that goes when it stops. */
export async function startNginx(core: number | undefined, binary: string, upstreamPort: number): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-nginx-'))
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  mkdirSync(join(directory, 'logs'))
  writeFileSync(file, config(directory, port, upstreamPort))
  const command = [binary, '-p', directory, '-c', file, '-e', 'stderr'] as const
  return startServer(core, port, command, () => rmSync(directory, { recursive: true, force: true }))
}
