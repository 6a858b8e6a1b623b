using System;

namespace SelfAdapt;

/// <summary>
/// The checksum of zip entries and PNG chunks (polynomial 0xEDB88320, reflected), eight bytes a step.
/// </summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>The checksum of some bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint[] table = Table;
        uint crc = uint.MaxValue;
        int i = 0;
        for (; i + 8 <= bytes.Length; i += 8)
        {
            uint low = crc ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes[i..]);
            crc = table[0x700 + (low & 0xff)] ^ table[0x600 + (low >> 8 & 0xff)]
                ^ table[0x500 + (low >> 16 & 0xff)] ^ table[0x400 + (low >> 24)]
                ^ table[0x300 + bytes[i + 4]] ^ table[0x200 + bytes[i + 5]]
                ^ table[0x100 + bytes[i + 6]] ^ table[bytes[i + 7]];
        }

        for (; i < bytes.Length; i++)
        {
            crc = (crc >> 8) ^ table[(crc ^ bytes[i]) & 0xff];
        }

        return ~crc;
    }

    private static uint[] MakeTable()
    {
        // Row r holds the effect of a byte that r more bytes follow.
        uint[] table = new uint[8 * 256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i < 256 ? i : table[i - 256];
            if (i >= 256)
            {
                table[i] = (value >> 8) ^ table[value & 0xff];
                continue;
            }

            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
