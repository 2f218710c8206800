/**
 * A block of lines that is redrawn in place: lines go in, cursor movements and erasures leave to the screen. It
 * leaves nothing behind: after `clear` the cursor stands where the block began, visible.
 */
import type { Screen } from '../../core/contract/exporter.js';
import { clip } from './text.js';
import type { Paint } from './paint.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_DOWN = '\u001b[0J';
/** The terminal shows all between these at once, if it knows them. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

export class Display {
  readonly #screen: Screen;
  readonly #paint: Paint;
  #drawn: readonly string[] = [];

  constructor(screen: Screen, paint: Paint) {
    this.#screen = screen;
    this.#paint = paint;
  }

  draw(lines: readonly string[]): void {
    const width = Math.max(1, this.#screen.columns());
    const clipped = lines.map((line) => clip(line, width));
    const text = clipped.map((line) => `${this.#paint(line)}\n`).join('');
    this.#screen.write(`${BEGIN}${HIDE_CURSOR}${this.#rewind()}${text}${END}`);
    this.#drawn = clipped;
  }

  /** Lines that stay, above the block, which has to be drawn again. */
  print(lines: readonly string[]): void {
    const text = lines.map((line) => `${this.#paint(line)}\n`).join('');
    this.#screen.write(`${this.#rewind()}${text}`);
    this.#drawn = [];
  }

  clear(): void {
    this.#screen.write(`${this.#rewind()}${SHOW_CURSOR}`);
    this.#drawn = [];
  }

  /** A terminal made narrower since has folded what was drawn into more rows. */
  #rewind(): string {
    const width = Math.max(1, this.#screen.columns());
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
    return rows > 0 ? `\u001b[${rows}A\r${ERASE_DOWN}` : '';
  }
}
