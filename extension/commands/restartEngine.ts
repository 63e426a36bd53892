import type { Command } from './command';

/** Ends the engine process; the panels on screen start the next one by running again. */
export const restartEngine: Command = ({ engine, panels, log }) => {
  log.info('The engine is restarted on request.');
  engine.restart();
  panels.changed('engine');
};
