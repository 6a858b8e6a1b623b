using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Tests.Files;

/// <summary>A region's bytes by the facts of the format.</summary>
internal static class RegionBytes
{
    public static byte[] Make(
        byte type, (int Top, int Left, int Bottom, int Right) bounds, (int X, int Y)[]? corners = null, float[]? box = null,
        (float X, float Y)[]? exact = null, bool fractions = false, byte group = 0, float width = 0, string name = "x")
    {
        int count = corners?.Length ?? 0;
        int header2 = 64 + (4 * count) + (8 * (exact?.Length ?? 0));
        byte[] b = new byte[header2 + 64 + (2 * name.Length)];
        Encoding.ASCII.GetBytes("Iout").CopyTo(b, 0);
        Put(4, 228);
        b[6] = type;
        Put(8, bounds.Top);
        Put(10, bounds.Left);
        Put(12, bounds.Bottom);
        Put(14, bounds.Right);
        Put(16, count);
        for (int i = 0; i < (box?.Length ?? 0); i++)
        {
            Float(18 + (4 * i), box![i]);
        }

        Put(50, fractions ? 128 : 0);
        BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(60), header2);
        for (int i = 0; i < count; i++)
        {
            Put(64 + (2 * i), corners![i].X);
            Put(64 + (2 * (count + i)), corners[i].Y);
            if (exact is not null)
            {
                Float(64 + (4 * count) + (4 * i), exact[i].X);
                Float(64 + (4 * count) + (4 * (count + i)), exact[i].Y);
            }
        }

        BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(header2 + 16), header2 + 64);
        BinaryPrimitives.WriteInt32BigEndian(b.AsSpan(header2 + 20), name.Length);
        b[header2 + 30] = group;
        Float(header2 + 36, width);
        Encoding.BigEndianUnicode.GetBytes(name).CopyTo(b, header2 + 64);
        return b;

        void Put(int at, int value) => BinaryPrimitives.WriteInt16BigEndian(b.AsSpan(at), checked((short)value));

        void Float(int at, float value) => BinaryPrimitives.WriteSingleBigEndian(b.AsSpan(at), value);
    }
}
