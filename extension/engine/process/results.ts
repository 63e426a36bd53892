/** Results files by number. An editor of them has an engine process of its own, so that nothing else waits for its work. */
import type { ResultsRequests } from '../../results/requests';
import { OpenResults } from '../../results/openResults';
import type { Handlers } from './handlers';
import { Store } from './store';

/** Files that are open at once; their tables are what takes memory. */
const MOST_OPEN = 16;

export function resultsHandlers(firstId: () => number): Pick<Handlers, keyof ResultsRequests> {
  let store: Store<OpenResults> | undefined;
  const limits = { count: MOST_OPEN, bytes: Infinity };
  const kept = () => (store ??= new Store('results', limits, firstId(), (results) => void results.close()));
  return {
    'open-results': async ({ file }) => {
      const results = await OpenResults.open(file);
      return { resultsId: kept().add(results, 1), ...results.overview() };
    },
    'close-results': ({ resultsId }) => {
      kept().remove(resultsId);
      return null;
    },
    'read-results': ({ resultsId }) => kept().get(resultsId).read(),
    'results-rows': ({ resultsId, query, from, count }) => kept().get(resultsId).rows(query, from, count),
    'label-results': ({ resultsId, source }) => kept().get(resultsId).label(source),
    'evaluate-results': ({ resultsId, split }) => kept().get(resultsId).evaluate(split),
    'similar-results': ({ resultsId, row, count }) => kept().get(resultsId).similar(row, count),
    'duplicate-results': ({ resultsId, cosine }, signal, report) =>
      kept().get(resultsId).duplicates(cosine, { signal, report }),
    'map-results': ({ resultsId, method }, signal, report) => kept().get(resultsId).map(method, { signal, report }),
    'compare-results': ({ resultsId, file }) => kept().get(resultsId).compare(file),
    'tag-results': ({ resultsId, rows, tag }) => kept().get(resultsId).tag(rows, tag),
    'export-results': ({ resultsId, query, format, file }) => kept().get(resultsId).export(query, format, file),
  };
}
