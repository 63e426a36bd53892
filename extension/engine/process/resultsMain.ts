/**
 * Main of the forked process of results files (dist/results.js): each by its number. Nothing else waits for its work, and the engine
 * process does not load what only tables need.
 */
import type { ResultsRequests } from '../../results/requests';
import { OpenResults } from '../../results/openResults';
import { offerToOutOfMemoryKiller } from '../../system/outOfMemory';
import type { Handlers } from './handlers';
import { firstId, serve } from './serve';
import { Store } from './store';

/** Files that are open at once; their tables are what takes memory. */
const MOST_OPEN = 16;

function resultsHandlers(): Pick<Handlers, keyof ResultsRequests> {
  const limits = { count: MOST_OPEN, bytes: Infinity };
  const kept = new Store<OpenResults>('results', limits, firstId(), (results) => void results.close());
  return {
    'open-results': async ({ file }) => {
      const results = await OpenResults.open(file);
      return { resultsId: kept.add(results, 1), ...results.overview() };
    },
    'close-results': ({ resultsId }) => {
      kept.remove(resultsId);
      return null;
    },
    'read-results': ({ resultsId }) => kept.get(resultsId).read(),
    'results-rows': ({ resultsId, query, from, count }) => kept.get(resultsId).rows(query, from, count),
    'label-results': ({ resultsId, source }) => kept.get(resultsId).label(source),
    'evaluate-results': ({ resultsId, split }) => kept.get(resultsId).evaluate(split),
    'similar-results': ({ resultsId, row, count }) => kept.get(resultsId).similar(row, count),
    'duplicate-results': ({ resultsId, cosine }, signal, report) =>
      kept.get(resultsId).duplicates(cosine, { signal, report }),
    'map-results': ({ resultsId, method }, signal, report) => kept.get(resultsId).map(method, { signal, report }),
    'compare-results': ({ resultsId, file }) => kept.get(resultsId).compare(file),
    'tag-results': ({ resultsId, rows, tag }) => kept.get(resultsId).tag(rows, tag),
    'export-results': ({ resultsId, query, format, file }) => kept.get(resultsId).export(query, format, file),
  };
}

offerToOutOfMemoryKiller();
serve(Promise.resolve(resultsHandlers()));
