/** How far the job is that writes the file, and what can be done with it. */
import * as l10n from '@vscode/l10n';
import { say } from '../app/words';
import { button } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import type { JobState } from '../../extension/protocol/results';
import type { Part, ResultsApp } from './app';

export class JobBar implements Part {
  private readonly bar = h('progress', { class: 'job-progress', max: 1 });
  private readonly text = h('span', { class: 'progress-text', 'data-testid': 'job-text' });
  private readonly buttons: Record<'pause' | 'resume' | 'cancel', HTMLElement>;
  readonly element: HTMLElement;

  constructor(private readonly app: ResultsApp) {
    const make = (act: 'pause' | 'resume' | 'cancel', name: string, glyph: string) =>
      button(
        'icon',
        {
          ...{ title: name, 'aria-label': name, 'data-testid': `job-${act}` },
          onclick: () => app.host.send({ type: 'job', act }),
        },
        icon(glyph),
      );
    this.buttons = {
      pause: make('pause', l10n.t('Pause'), 'debug-pause'),
      resume: make('resume', l10n.t('Go On'), 'debug-continue'),
      cancel: make('cancel', l10n.t('Cancel'), 'debug-stop'),
    };
    const { pause, resume, cancel } = this.buttons;
    this.element = h(
      'div',
      { class: 'progress job', 'data-testid': 'job', hidden: true },
      this.bar,
      this.text,
      pause,
      resume,
      cancel,
    );
  }

  update(): void {
    const { job } = this.app.state;
    this.element.hidden = job === null || job.state === 'ended';
    attribute(this.element, 'data-state', job?.state);
    if (job === null) return;
    this.bar.max = Math.max(1, job.total);
    this.bar.value = job.done;
    const { pause, resume, cancel } = this.buttons;
    pause.hidden = job.state !== 'running';
    resume.hidden = job.state === 'running';
    cancel.hidden = job.state === 'failed';
    setText(this.text, textOf(job));
    attribute(this.text, 'title', this.text.textContent);
  }
}

function textOf({ state, done, total, rate, remaining, error }: JobState): string {
  if (state === 'failed' && error) return say(error);
  const counted = l10n.t('{0} of {1}', done.toLocaleString(), total.toLocaleString());
  if (state === 'paused') return l10n.t('{0} · paused', counted);
  if (rate === null || remaining === null) return counted;
  return l10n.t('{0} · {1} a second · {2} left', counted, rateText(rate), durationText(remaining));
}

const rateText = (rate: number): string => (rate >= 10 ? String(Math.round(rate)) : rate.toFixed(1));

function durationText(seconds: number): string {
  if (seconds < 90) return l10n.t('{0} s', Math.ceil(seconds));
  if (seconds < 5400) return l10n.t('{0} min', Math.round(seconds / 60));
  return l10n.t('{0} h', (seconds / 3600).toFixed(1));
}
