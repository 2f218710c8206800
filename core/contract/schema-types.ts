/**
 * The subset of JSON Schema that options may use, and the two views of it: what a person writes in JSON, and
 * what the plugin receives. Unit strings arrive as numbers in base units: "64MiB" as bytes, "30s" as
 * milliseconds, "80%" as 0.8, "200/s" as operations a second.
 */
export type UnitFormat = 'duration' | 'bytes' | 'percent' | 'rate';

interface Described {
  readonly description?: string;
}
export interface StringSchema extends Described {
  readonly type: 'string';
  /**
   * `path`: made absolute, relative to the file that says it; `access` says what the plugin does with it. `run`: an earlier
   * run by id, name or "@last"; arrives as the directory of its record. Of simulators, not inside other options.
   */
  readonly format?: UnitFormat | 'path' | 'run' | 'url';
  readonly access?: 'read' | 'write';
  readonly enum?: readonly string[];
  readonly default?: string;
  readonly pattern?: string;
}
export interface NumberSchema extends Described {
  readonly type: 'number' | 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
}
export interface BooleanSchema extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
}
export interface ArraySchema extends Described {
  readonly type: 'array';
  readonly items: ValueSchema;
  readonly maxItems: number;
  readonly default?: readonly unknown[];
}
export interface ObjectSchema extends Described {
  readonly type: 'object';
  readonly properties: { readonly [key: string]: ValueSchema };
  readonly required?: readonly string[];
}
export type ValueSchema = StringSchema | NumberSchema | BooleanSchema | ArraySchema | ObjectSchema;

type Scalar<S> = S extends { readonly type: 'string'; readonly format: UnitFormat }
  ? number
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly type: 'string' }
      ? string
      : S extends { readonly type: 'number' | 'integer' }
        ? number
        : S extends { readonly type: 'boolean' }
          ? boolean
          : never;

type RequiredKeys<S> = S extends { readonly required: readonly (infer K)[] } ? K : never;
type IsPresent<P, K extends keyof P, R> = K extends R
  ? true
  : P[K] extends { readonly default: unknown }
    ? true
    : false;
type Flatten<T> = { [K in keyof T]: T[K] };

/** Options as the plugin sees them: defaults applied, units converted, frozen. */
export type Resolved<S> = S extends { readonly type: 'object'; readonly properties: infer P }
  ? Flatten<
      {
        readonly [K in keyof P as IsPresent<P, K, RequiredKeys<S>> extends true ? K : never]: Resolved<P[K]>;
      } & {
        readonly [K in keyof P as IsPresent<P, K, RequiredKeys<S>> extends true ? never : K]?: Resolved<P[K]>;
      }
    >
  : S extends { readonly type: 'array'; readonly items: infer I }
    ? readonly Resolved<I>[]
    : Scalar<S>;
