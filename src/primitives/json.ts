// The one JSON form of everything that has an SSZ type, derived by walking that type: see docs/protocol.md, "JSON".
// A codec is compiled once for each type. No rule of any single message lives here.

import {
  BitListType,
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListCompositeType,
  OptionalType,
  SerializedList,
  type Type,
  type ValueOf,
} from '@chainsafe/ssz';
import {
  at,
  type Codec,
  JsonError,
  type JsonValue,
  jsonKey,
  missing,
  refuse,
  shorten,
  type Trail,
} from './json-codec.ts';
import {
  addressCodec,
  amountCodec,
  bitListCodec,
  byteListCodec,
  byteVectorCodec,
  enumCodec,
  readName,
  textCodec,
  uintCodec,
} from './json-scalars.ts';
import { AddressType, AmountType, EncodedListType, EnumType, TaggedUnionType, TextType, UintType } from './ssz.ts';

export { JsonError, type JsonValue } from './json-codec.ts';

export function toJson<T extends Type<unknown>>(type: T, value: ValueOf<T>): JsonValue {
  return codecOf(type).write(value);
}

/**
 * @param json what `JSON.parse` gave, of whatever shape.
 * @throws {JsonError} on anything but the JSON form of a value of the type.
 */
export function fromJson<T extends Type<unknown>>(type: T, json: unknown): ValueOf<T> {
  return codecOf(type).read(json, []) as ValueOf<T>;
}

const codecs = new WeakMap<Type<unknown>, Codec>();

function codecOf(type: Type<unknown>): Codec {
  let codec = codecs.get(type);
  if (codec === undefined) {
    codec = compile(type);
    codecs.set(type, codec);
  }
  return codec;
}

/** Subclasses before the classes they extend. */
function compile(type: Type<unknown>): Codec {
  if (type instanceof EnumType) return enumCodec(type);
  if (type instanceof UintType) return uintCodec(type);
  if (type instanceof AmountType) return amountCodec;
  if (type instanceof AddressType) return addressCodec;
  if (type instanceof ByteVectorType) return byteVectorCodec(type);
  if (type instanceof TextType) return textCodec(type);
  if (type instanceof ByteListType) return byteListCodec(type);
  if (type instanceof BitListType) return bitListCodec(type);
  if (type instanceof OptionalType) return optionalCodec(type);
  if (type instanceof EncodedListType) return encodedListCodec(type);
  if (type instanceof ListCompositeType) return listCodec(type);
  if (type instanceof TaggedUnionType) return unionCodec(type);
  if (type instanceof ContainerType) return containerCodec(type);
  throw new TypeError(`${type.typeName} has no JSON form`);
}

function containerCodec(type: ContainerType<Record<string, Type<unknown>>>): Codec {
  const fields = fieldsOf(type);
  const names = new Set(fields.map(({ key }) => key));
  return {
    write(value) {
      const json: Record<string, JsonValue> = {};
      writeFields(fields, value, json);
      return json;
    },
    read: (json, trail) => readFields(fields, readObject(json, names, trail), trail),
  };
}

/** The fields of the chosen container and `type`, the name of the alternative. */
function unionCodec(type: TaggedUnionType<Type<unknown>[]>): Codec {
  const alternatives = type.types.map((alternative) => {
    if (!(alternative instanceof ContainerType)) throw new TypeError(`${alternative.typeName} has no fields`);
    const fields = fieldsOf(alternative);
    const names = new Set(['type', ...fields.map(({ key }) => key)]);
    if (names.size === fields.length) throw new TypeError(`${alternative.typeName} has a field "type" of its own`);
    return { fields, names };
  });
  return {
    write(value) {
      const union = value as { selector: number; value: unknown };
      const json: Record<string, JsonValue> = { type: at(type.names, union.selector) };
      writeFields(at(alternatives, union.selector).fields, union.value, json);
      return json;
    },
    read(json, trail) {
      if (!isObject(json)) throw refuse(trail, 'an object', json);
      if (!Object.hasOwn(json, 'type')) throw missing(trail, 'type');
      trail.push('type');
      const selector = readName(type.names, json.type, trail);
      trail.pop();
      const { fields, names } = at(alternatives, selector);
      return { selector, value: readFields(fields, readObject(json, names, trail), trail) };
    },
  };
}

interface Field {
  /** in the SSZ value */
  name: string;
  /** in JSON */
  key: string;
  codec: Codec;
}

function fieldsOf(type: ContainerType<Record<string, Type<unknown>>>): Field[] {
  return Object.entries(type.fields).map(([name, fieldType]) => ({
    name,
    key: jsonKey(name),
    codec: codecOf(fieldType),
  }));
}

function writeFields(fields: readonly Field[], value: unknown, json: Record<string, JsonValue>): void {
  for (const { name, key, codec } of fields) json[key] = codec.write((value as Record<string, unknown>)[name]);
}

function readObject(json: unknown, names: ReadonlySet<string>, trail: Trail): Record<string, unknown> {
  if (!isObject(json)) throw refuse(trail, 'an object', json);
  for (const key of Object.keys(json)) {
    if (!names.has(key)) {
      throw new JsonError([...trail, shorten(key)].join('.'), `unknown field; the fields are ${[...names].join(', ')}`);
    }
  }
  return json;
}

/** Only own fields count, so nothing is taken from a prototype; the names written come from the type. */
function readFields(fields: readonly Field[], json: Record<string, unknown>, trail: Trail): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const { name, key, codec } of fields) {
    if (!Object.hasOwn(json, key)) throw missing(trail, key);
    trail.push(key);
    value[name] = codec.read(json[key], trail);
    trail.pop();
  }
  return value;
}

function listCodec({ elementType, limit }: { elementType: Type<unknown>; limit: number }): Codec {
  const element = codecOf(elementType);
  return {
    write: (value) => (value as unknown[]).map((item) => element.write(item)),
    read(json, trail) {
      if (!Array.isArray(json)) throw refuse(trail, `a list of at most ${limit} items`, json);
      if (json.length > limit) throw refuse(trail, `at most ${limit} items`, json);
      const values: unknown[] = [];
      for (const item of json) {
        trail.push(values.length);
        values.push(element.read(item, trail));
        trail.pop();
      }
      return values;
    },
  };
}

function encodedListCodec({ decoded, limit }: EncodedListType<unknown>): Codec {
  const list = listCodec({ elementType: decoded, limit });
  return {
    write: (value) => list.write([...(value as SerializedList)].map((bytes) => decoded.deserialize(bytes))),
    read: (json, trail) =>
      SerializedList.fromArray((list.read(json, trail) as unknown[]).map((item) => decoded.serialize(item))),
  };
}

function optionalCodec(type: OptionalType<Type<unknown>>): Codec {
  const element = codecOf(type.elementType);
  return {
    write: (value) => (value === null ? null : element.write(value)),
    read: (json, trail) => (json === null ? null : element.read(json, trail)),
  };
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
