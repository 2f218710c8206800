/** Where actors keep what a later run is to find, inside a run's record. Called by the core and by simulators. */

const FOLDER = 'kept';

/** The folder of an actor in a record, which is a directory; not there when the actor kept nothing. */
export function keptIn(record: string, actor: string): string {
  return `${record}/${FOLDER}/${actor}`;
}
