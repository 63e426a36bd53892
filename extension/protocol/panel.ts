/**
 * What the extension host and the picture's panel say to each other. Plain types; ./panelChecks.ts checks what arrives.
 * The webview asks ('ready', then slices); the host never guesses what is on screen.
 */
import type { MethodId } from '../engine/methods';
import type {
  EngineErrorShape,
  EngineKind,
  Faithfulness,
  FaithfulnessProgress,
  FaithfulnessRequest,
  LoadedModel,
  RunSummary,
  Slice,
  SliceProgress,
  SliceRequest,
  WeightFiles,
} from '../engine/requests';
import type { Preprocessing } from '../image/preprocessing';
import type { Conversation } from './rpc';
import type { Architecture, Finding } from '../architecture/description';

export const PROTOCOL_VERSION = 4;

/** A dropped or pasted picture that is no file here may have so many bytes. */
export const MOST_TAKEN_BYTES = 64 * 2 ** 20;

export type View = 'attention' | 'overview' | 'patches' | 'walkthrough';

/** The controls' state: kept by webview.setState, restored after a reload, written by the host to say what to show first. */
export interface ViewState {
  view: View;
  layer: number;
  /** A head's number, or a fusion of all of them. */
  head: number | 'mean' | 'max' | 'min';
  /** Token index of the query: 0.. with prefix tokens first. */
  query: number;
  opacity: number;
  colorMap: string;
  smooth: boolean;
  grid: boolean;
  method: MethodId;
  /** Index of the class whose evidence is shown; null: the most probable one. */
  class: number | null;
  /** The class it is compared with; null: none. */
  against: number | null;
  /** The walk-through's page, by a step's name in LoadedModel.steps ('blocks.3.attn.q'); absent: the first page. */
  step?: string;
}

/**
 * What the host reads of the webview's saved state: after a window reload it builds the panel from it. The rest of that
 * state is the webview's own. The host writes the URI to document.body.dataset.uri, so that it is known before the picture is.
 */
export interface SavedPanel {
  uri: string;
  /** Path of the model this panel is about, when it is not the one of the settings (document.body.dataset.model). */
  model?: string;
  /** What it is compared with. */
  other?: SavedOther;
  /** The model it keeps, whatever is chosen for the others. */
  pinned?: PinnedModel;
}

/** A model as the settings name it. */
export interface PinnedModel {
  id: string;
  /** What a relative path counts from. */
  folder?: string;
}

/** What is said of the panel itself. */
export interface Place {
  pinned: PinnedModel | null;
  /** The workspace is not trusted: what its settings say of models is ignored. */
  restricted: boolean;
}

/** Another picture, another model, or both; what is absent is as on the panel's own side. */
export interface SavedOther {
  uri?: string;
  model?: string;
  version?: 'last-commit';
}

export interface PanelImage {
  /** URI as text, as in SavedPanel. */
  uri: string;
  name: string;
  format: string;
  width: number;
  height: number;
  bytes: number;
  preview: { mime: string; bytes: Uint8Array; width: number; height: number };
}

export interface PanelModel {
  id: string;
  name: string;
  /** Its directory or file on disk. */
  path: string;
  family: string;
  engine: EngineKind;
  architecture: Architecture | null;
  preprocessing: Preprocessing;
  labels: string[] | null;
  findings: Finding[];
  loaded: LoadedModel;
}

/** What a key goes through one by one. */
export type Movable = 'layer' | 'head' | 'view';

/** About one picture under one model. */
export type SideEvent = Extract<HostEvent, { type: 'image' | 'busy' | 'model' | 'run' | 'error' }>;

/** What a picture can be compared with; nothing ends it. */
export type CompareWith = 'picture' | 'model' | 'last-commit' | 'nothing';

/** Host -> webview. Each replaces that part of what is shown. */
export type HostEvent =
  | { type: 'image'; image: PanelImage }
  /** What is going on, for the progress bar: null when idle. */
  | { type: 'busy'; what: string | null }
  | { type: 'model'; model: PanelModel }
  | { type: 'run'; run: RunSummary }
  /** One sentence; Retry is offered when retry is true. Whatever was shown before stays. */
  | { type: 'error'; error: EngineErrorShape; retry: boolean }
  /** Ask the webview to show something (a command chose a view). */
  | { type: 'show'; state: Partial<ViewState> }
  /** Ask it for the next or the one before: only the webview knows what it shows. */
  | { type: 'move'; what: Movable; by: 1 | -1 }
  /** Asks about a patch (0-based, without prefix tokens) or a prefix token, from its context menu. */
  | { type: 'token'; token: number; use: 'query' | 'hide' }
  | ({ type: 'place' } & Place)
  /** Copies or saves what is on screen, from the context menu. */
  | { type: 'figure'; to: 'clipboard' | 'file' }
  /** A comparison begins, or ends. */
  | { type: 'compare'; with: SavedOther | null }
  /** About what the picture is compared with. */
  | { type: 'other'; event: SideEvent };

/** Webview -> host, without an answer. */
export type ViewEvent =
  /** `heard`: what was posted while the page was loading has come. */
  | { type: 'ready'; version: number; heard?: boolean }
  | { type: 'retry' }
  | { type: 'cancel' }
  | { type: 'open-source'; file: string; line: number }
  | { type: 'select-model' }
  /** Keeps the model in this panel, or lets it follow the settings again. */
  | { type: 'pin-model'; pinned: boolean }
  | { type: 'manage-trust' }
  /** Shows pictures that were dropped onto the panel: the first in it, the others in panels of their own. */
  | { type: 'open-pictures'; uris: string[] }
  /** Opens the report on the panel's model. */
  | { type: 'inspect-model' }
  | { type: 'open-settings'; setting: string }
  | { type: 'compare'; with: CompareWith }
  /** Run what the picture is compared with again. */
  | { type: 'retry-other' }
  /** Hide patches from the model and run again (empty: none hidden). */
  | { type: 'mask'; patches: Uint32Array };

/** Lines of one of the extension's own sources. */
export interface SourceExcerpt {
  /** 1-based number of the first one. */
  first: number;
  lines: string[];
}

/** Webview -> host, with an answer. */
// a type and not an interface: those do not pass for a Record (rpc.ts)
export type ViewRequests = {
  slice: { take: { runId: number; what: SliceRequest }; give: Slice; progress: SliceProgress };
  /** How far a map of the run on screen can be trusted: its values over the patches, as drawn. */
  faithfulness: {
    take: Omit<FaithfulnessRequest, 'image'>;
    give: Faithfulness;
    progress: FaithfulnessProgress;
  };
  /** What the model of the run on screen was read from. */
  'weight-files': { take: { runId: number }; give: WeightFiles };
  /** The code around a line of the extension's own sources. */
  source: { take: { file: string; line: number }; give: SourceExcerpt };
  /** Save through the host's dialog, which then says where; the webview renders the bytes. */
  save: { take: { suggestedName: string; bytes: Uint8Array }; give: { saved: boolean } };
  copy: { take: { text: string }; give: null };
  /** Shows a picture that is no file here: dropped from another program, or pasted. */
  'take-picture': { take: { name: string; bytes: Uint8Array }; give: null };
};

export interface PanelConversation extends Conversation {
  hostEvent: HostEvent;
  viewEvent: ViewEvent;
  requests: ViewRequests;
}
