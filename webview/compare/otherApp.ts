/** What the components of the other side are given: its own run and maps, the panel's own controls. */
import type { App } from '../app/app';
import type { Attention } from '../app/attention';
import type { Slices } from '../app/slices';
import { otherState, sameToken } from './sameView';

export function otherApp(app: App, slices: Slices, attention: Attention): App {
  /** A token of the other side, as one of the panel's own. */
  const own = (token: number) => {
    const { model, other } = app.state;
    return model && other?.model ? sameToken(other.model, model, token) : token;
  };
  return {
    get state() {
      return otherState(app.state) ?? app.state;
    },
    host: app.host,
    slices,
    attention,
    set({ hover }) {
      if (hover !== undefined) app.set({ hover: hover === null ? null : own(hover) });
    },
    setView({ query, ...rest }) {
      app.setView(query === undefined ? rest : { ...rest, query: own(query) });
    },
    setDisplay: (change) => app.setDisplay(change),
    announce: (text, kind) => app.announce(text, kind),
    refresh: () => app.refresh(),
  };
}
