using System.Buffers.Binary;
using System.IO.Hashing;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Png;
using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Tests.Files;

/// <summary>
/// Damaged files of every format: a named error, a note, or the same pixels, nothing else, and no large allocation.
/// </summary>
[TestClass]
internal sealed class MalformedFileTests
{
    private const int MutantsPerFile = 250;

    public static IEnumerable<object[]> Names => Fixtures.Base64.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Decode_EveryTruncation_ThrowsOrGivesTheSamePixels(string name)
    {
        byte[] whole = Fixtures.Get(name).All.ToArray();
        List<float[]>? expected = TryDecode(name, whole);
        int refused = 0;
        for (int length = 1; length < whole.Length; length++)
        {
            List<float[]>? decoded = TryDecode(name, whole[..length]);
            if (decoded is null)
            {
                refused++;
                continue;
            }

            Assert.IsNotNull(expected);
            Assert.AreEqual(expected.Count, decoded.Count, $"{length} bytes");
            for (int i = 0; i < decoded.Count; i++)
            {
                CollectionAssert.AreEqual(expected[i], decoded[i], $"{length} bytes");
            }
        }

        // Only bytes behind the last one that matters (padding, unused tags) may be missing.
        Assert.IsGreaterThan(whole.Length / 2, refused);
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Decode_Mutants_ThrowNothingButSelfAdaptException(string name)
    {
        byte[] whole = Fixtures.Get(name).All.ToArray();
        ulong state = (ulong)name.Sum(c => c) + 1;
        for (int mutant = 0; mutant < MutantsPerFile; mutant++)
        {
            byte[] changed = (byte[])whole.Clone();
            for (int change = 0; change <= mutant % 4; change++)
            {
                state = (state * 6364136223846793005) + 1442695040888963407;
                int place = (int)((state >> 33) % (ulong)changed.Length);
                changed[place] =
                    mutant % 3 == 0 ? (byte)(state >> 20) : (byte)(changed[place] ^ (1 << (mutant % 8)));
            }

            RepairChecksums(changed);
            _ = TryDecode(name, changed);
        }
    }

    [TestMethod]
    public void Decode_HugePngHeader_IsRefusedWithoutAllocating()
    {
        AssertRefusedCheaply(PngBytes.Make(60_000, 60_000, 8, 0, [1]), "60000 x 60000");
        AssertRefusedCheaply(PngBytes.Make(16_000, 16_000, 8, 0, [1]), "can't hold 16000 x 16000");
    }

    [TestMethod]
    [DataRow(60_000, 1)]
    [DataRow(16_000, 1)]
    [DataRow(16_000, 5)]
    [DataRow(16_000, 8)]
    [DataRow(16_000, 32773)]
    public void Decode_HugeTiffHeader_IsRefusedWithoutAllocating(int side, int compression)
    {
        AssertRefusedCheaply(
            TiffBytes.Make(side, side, compression, rowsPerStrip: side, [1]), $"{side} x {side}");
    }

    [TestMethod]
    public void Decode_HugeNpyShape_IsRefusedWithoutAllocating()
    {
        byte[] npy = Fixtures.Get("NpyUInt8ChannelsLast").All.ToArray();
        string header = System.Text.Encoding.ASCII.GetString(npy, 10, 118);
        string huge = header.Replace("(5, 6, 3)", "(60000, 60000, 3)", StringComparison.Ordinal)[..118];
        System.Text.Encoding.ASCII.GetBytes(huge).CopyTo(npy, 10);

        AssertRefusedCheaply(npy, "60000");
    }

    [TestMethod]
    public void Decode_WrongPngChecksum_IsRefused()
    {
        byte[] png = Fixtures.Get("PngGray8").All.ToArray();
        png[^20] ^= 1;

        AssertRefusedCheaply(png, "checksum");
    }

    [TestMethod]
    public void Decode_WrongZlibChecksumInTiff_IsRefused()
    {
        byte[] deflated = Inflater.Deflate([1, 2, 3, 4]);
        deflated[^1] ^= 1;

        AssertRefusedCheaply(TiffBytes.Make(2, 2, 8, rowsPerStrip: 2, deflated), "does not decompress");
    }

    [TestMethod]
    public void Decode_ZlibStreamThatNeedsADictionary_IsRefused()
    {
        // 0x78BB is a valid zlib header whose bit 5 announces a preset dictionary (RFC 1950, 2.2).
        byte[] stream = [0x78, 0xBB, 1, 2, 3, 4, 5, 6, 7, 8];

        AssertRefusedCheaply(TiffBytes.Make(2, 2, 8, rowsPerStrip: 2, stream), "does not decompress");
    }

    private static void AssertRefusedCheaply(byte[] content, string expected)
    {
        FileBytes file = new("bad", content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImageFile.DecodeSingle(file, labels: false));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        Assert.StartsWith("bad: ", error.Message);
        StringAssert.Contains(error.Message, expected);
        Assert.IsLessThan(4_000_000, allocated);
    }

    private static List<float[]>? TryDecode(string name, byte[] content)
    {
        FileBytes file = new(name, content);
        try
        {
            if (!TiffDirectory.Sniff(content))
            {
                return [ImageFile.DecodeSingle(file, labels: false).ToImage().Pixels];
            }

            TiffReader tiff = new(file);
            List<float[]> images =
                [.. Enumerable.Range(0, tiff.ImageCount).Select(i => tiff.Decode(i).ToImage().Pixels)];

            // Pages that a cut file has lost are told of.
            return tiff.Notes.Count == 0 ? images : null;
        }
        catch (SelfAdaptException e)
        {
            Assert.StartsWith(name + ": ", e.Message);
            return null;
        }
    }

    private static void RepairChecksums(byte[] content)
    {
        if (!content.AsSpan().StartsWith(PngReader.Signature))
        {
            return;
        }

        for (int at = 8; at + 12 <= content.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(at));
            if (length > content.Length - at - 12)
            {
                return;
            }

            uint crc = Crc32.HashToUInt32(content.AsSpan(at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(at + 8 + (int)length), crc);
            at += 12 + (int)length;
        }
    }
}
