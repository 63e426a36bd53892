import type { HubSettings } from './settings';

/**
 * fetch for a hub: the token goes to the endpoint's origin (host, port and protocol) and nowhere else, whatever address the hub names.
 * Redirects are fetch's: it takes the token off where they lead to another origin (https://fetch.spec.whatwg.org, HTTP-redirect fetch).
 */
export function hubFetch({ endpoint }: Pick<HubSettings, 'endpoint'>, signal: AbortSignal | undefined): typeof fetch {
  const { origin } = new URL(endpoint);
  return (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (address.origin !== origin) headers.delete('authorization');
    return fetch(input, { ...init, headers, signal });
  };
}
