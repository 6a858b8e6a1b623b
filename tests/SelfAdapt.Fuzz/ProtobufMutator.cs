using SelfAdapt.Engine;

namespace SelfAdapt.Fuzz;

/// <summary>Changes fields of protobuf messages; the lengths of what holds them are made right again.</summary>
internal static class ProtobufMutator
{
    private const int DeepestMessage = 6;

    /// <summary>One to three changes, each somewhere in the tree of messages.</summary>
    public static byte[] Mutate(byte[] seed, byte[] other, RandomStream random)
    {
        byte[] bytes = seed;
        for (int changes = 1 + random.NextIndex(3); changes > 0; changes--)
        {
            bytes = Change(bytes, random, 0);
        }

        return bytes;
    }

    private static byte[] Change(byte[] message, RandomStream random, int depth)
    {
        if (Split(message) is not { Count: > 0 } fields)
        {
            return ByteMutator.Mutate(message, [], random);
        }

        int i = random.NextIndex(fields.Count);
        Field field = fields[i];
        bool descends = field.Wire == 2 && depth < DeepestMessage && random.NextIndex(5) > 0;
        switch (descends ? -1 : random.NextIndex(6))
        {
            case -1:
                fields[i] = field with { Content = Change(field.Content, random, depth + 1) };
                break;
            case 0:
                fields.RemoveAt(i);
                break;
            case 1:
                fields.Insert(random.NextIndex(fields.Count + 1), field);
                break;
            case 2:
                int j = random.NextIndex(fields.Count);
                (fields[i], fields[j]) = (fields[j], fields[i]);
                break;
            case 3 when field.Wire == 0:
                fields[i] = field with { Number = ByteMutator.Extreme(random) };
                break;
            case 4 when field.Wire == 2:
                // A length that is not the content's.
                fields[i] = field with { FalseLength = ByteMutator.Extreme(random) };
                break;
            case 5:
                fields[i] = field with { Tag = (field.Tag & 7) | (ulong)(1 + random.NextIndex(30)) << 3 };
                break;
            default:
                fields[i] = field.Wire == 0
                    ? field with { Number = (ulong)random.NextIndex(12) }
                    : field with { Content = ByteMutator.Mutate(field.Content, [], random) };
                break;
        }

        return [.. fields.SelectMany(f => f.Encode())];
    }

    private static List<Field>? Split(byte[] message)
    {
        List<Field> fields = [];
        for (int at = 0; at < message.Length;)
        {
            if (!TryVarint(message, ref at, out ulong tag) || tag >> 3 == 0 || tag > 1000)
            {
                return null;
            }

            int wire = (int)(tag & 7);
            ulong number = 0;
            if (wire is 0 or 2 && !TryVarint(message, ref at, out number))
            {
                return null;
            }

            int length = wire switch { 0 => 0, 1 => 8, 2 => (int)Math.Min(number, int.MaxValue), 5 => 4, _ => -1 };
            if (length < 0 || length > message.Length - at)
            {
                return null;
            }

            fields.Add(new Field(tag, number, message[at..(at + length)], null));
            at += length;
        }

        return fields;
    }

    private static bool TryVarint(byte[] bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Field(ulong Tag, ulong Number, byte[] Content, ulong? FalseLength)
    {
        public int Wire => (int)(Tag & 7);

        public IEnumerable<byte> Encode() => Wire switch
        {
            0 => [.. Varint(Tag), .. Varint(Number)],
            2 => [.. Varint(Tag), .. Varint(FalseLength ?? (ulong)Content.Length), .. Content],
            _ => [.. Varint(Tag), .. Content],
        };

        private static List<byte> Varint(ulong value)
        {
            List<byte> bytes = [];
            for (; value >= 0x80; value >>= 7)
            {
                bytes.Add((byte)(value | 0x80));
            }

            bytes.Add((byte)value);
            return bytes;
        }
    }
}
