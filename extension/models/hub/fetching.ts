import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import type { HubSettings } from './settings';

/** A thousand files of a repository take less than one of these. */
const MOST_ANSWER_MIB = 64;

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

/**
 * hubFetch for what is read whole: the hub's own answers, in JSON. Reading one that is longer than any of them throws ModelError; a text
 * of gigabytes would end the process.
 */
export function hubAnswers(settings: Pick<HubSettings, 'endpoint'>, signal: AbortSignal | undefined): typeof fetch {
  const ask = hubFetch(settings, signal);
  return async (input, init) => {
    const answer = await ask(input, init);
    const { ok, status, statusText, headers } = answer;
    // a byte of a file, asked for to learn its address, is not read
    const isFile = ok && new Headers(init?.headers).has('range') && !headers.get('content-type')?.includes('json');
    if (!answer.body || isFile) return answer;
    return new Response(answer.body.pipeThrough(upTo(MOST_ANSWER_MIB, new URL(settings.endpoint).host)), {
      status,
      statusText,
      headers,
    });
  };
}

function upTo(mebibytes: number, host: string): TransformStream<Uint8Array, Uint8Array> {
  let received = 0;
  return new TransformStream({
    transform(chunk, controller) {
      received += chunk.length;
      if (received <= mebibytes * 2 ** 20) controller.enqueue(chunk);
      else
        controller.error(
          new ModelError(
            'network',
            sentence('{0} answered with more than {1} MiB and was not read on.', host, mebibytes),
          ),
        );
    },
  });
}
