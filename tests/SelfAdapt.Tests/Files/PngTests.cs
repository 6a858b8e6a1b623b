using System.Runtime.InteropServices;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Png;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class PngTests
{
    // Rows of 3 bytes with distance 1; the expected bytes are worked out by hand from PNG specification 9.2.
    [TestMethod]
    [DataRow(0, new byte[] { 10, 20, 30 })]
    [DataRow(1, new byte[] { 10, 30, 60 })]
    [DataRow(2, new byte[] { 14, 28, 46 })]
    [DataRow(3, new byte[] { 12, 30, 53 })]
    [DataRow(4, new byte[] { 14, 34, 64 })]
    public void Undo_EachFilter_GivesHandDerivedBytes(int filter, byte[] expected)
    {
        byte[] row = [10, 20, 30];

        Assert.IsTrue(PngFilter.Undo(filter, row, [4, 8, 16], distance: 1));
        CollectionAssert.AreEqual(expected, row);
    }

    [TestMethod]
    public void Undo_UnknownFilter_IsRefused() => Assert.IsFalse(PngFilter.Undo(5, [1], [0], 1));

    [TestMethod]
    public void Decode_Interlaced_PlacesTheSevenPasses()
    {
        // 8 x 8: the pass of each pixel is its value (PNG specification 8.2), rows unfiltered.
        byte[] pattern =
        [
            1, 6, 4, 6, 2, 6, 4, 6,
            7, 7, 7, 7, 7, 7, 7, 7,
            5, 6, 5, 6, 5, 6, 5, 6,
            7, 7, 7, 7, 7, 7, 7, 7,
            3, 6, 4, 6, 3, 6, 4, 6,
            7, 7, 7, 7, 7, 7, 7, 7,
            5, 6, 5, 6, 5, 6, 5, 6,
            7, 7, 7, 7, 7, 7, 7, 7,
        ];
        int[] rows = [1, 1, 1, 2, 2, 4, 4];
        int[] columns = [1, 1, 2, 2, 4, 4, 8];
        List<byte> data = [];
        for (int pass = 0; pass < 7; pass++)
        {
            for (int row = 0; row < rows[pass]; row++)
            {
                data.AddRange([0, .. Enumerable.Repeat((byte)(pass + 1), columns[pass])]);
            }
        }

        Raster raster =
            PngReader.Decode(
                new FileBytes("a", PngBytes.Make(8, 8, 8, 0, [.. data], interlaced: true)), false);

        CollectionAssert.AreEqual(pattern, raster.Samples.Bytes);
    }

    [TestMethod]
    [DataRow(1, new byte[] { 0b10110000 }, new[] { 1f, 0f, 1f, 1f })]
    [DataRow(2, new byte[] { 0b11_01_00_10 }, new[] { 3f, 1f, 0f, 2f })]
    [DataRow(4, new byte[] { 0xA3, 0x0F }, new[] { 10f, 3f, 0f, 15f })]
    [DataRow(16, new byte[] { 1, 0, 0, 2, 255, 255, 128, 1 }, new[] { 256f, 2f, 65535f, 32769f })]
    public void Decode_EachDepth_ScalesFewBitsExceptOfLabels(int depth, byte[] row, float[] expected)
    {
        byte[] png = PngBytes.Make(4, 1, (byte)depth, 0, [0, .. row]);

        CollectionAssert.AreEqual(
            expected, PngReader.Decode(new FileBytes("a", png), asLabels: true).ToImage().Pixels);
        CollectionAssert.AreEqual(
            Array.ConvertAll(expected, v => depth < 8 ? v * 255 / ((1 << depth) - 1) : v),
            PngReader.Decode(new FileBytes("a", png), asLabels: false).ToImage().Pixels);
    }

    [TestMethod]
    public void Decode_GrayWithAlpha_DropsAlpha()
    {
        byte[] png = PngBytes.Make(2, 1, 8, 4, [0, 7, 255, 9, 0]);

        CollectionAssert.AreEqual(
            new[] { 7f, 9f }, PngReader.Decode(new FileBytes("a", png), false).ToImage().Pixels);
    }

    [TestMethod]
    public void Decode_PaletteIndexBeyondPalette_IsRefused()
    {
        byte[] png = PngBytes.Make(2, 1, 8, 3, [0, 0, 2], palette: [1, 2, 3, 4, 5, 6]);

        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => PngReader.Decode(new FileBytes("a", png), false));
        StringAssert.Contains(error.Message, "the palette has 2 colours");
    }

    [TestMethod]
    public void Encode_EachKind_ReadsBackEqual()
    {
        const int Height = 37;
        const int Width = 53;
        byte[] bytes = [.. Enumerable.Range(0, Height * Width * 3).Select(i => (byte)(i * 37 % 251))];
        ushort[] shorts = [.. Enumerable.Range(0, Height * Width).Select(i => (ushort)(i * 7919))];

        Raster gray = Decode(PngPicture.Encode(Height, Width, bytes.AsSpan(0, Height * Width)));
        Raster deep = Decode(PngPicture.Encode<L16>(Height, Width, MemoryMarshal.Cast<ushort, L16>(shorts)));
        Raster colour = Decode(PngPicture.Encode<Rgb24>(Height, Width, MemoryMarshal.Cast<byte, Rgb24>(bytes)));

        CollectionAssert.AreEqual(bytes[..(Height * Width)], gray.Samples.Bytes);
        CollectionAssert.AreEqual(Array.ConvertAll(shorts, s => (float)s), deep.ToImage().Pixels);
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.AreEqual(bytes[i], colour.Samples.Bytes[(i % 3 * Height * Width) + (i / 3)]);
        }
    }

    private static Raster Decode(byte[] png) => PngReader.Decode(new FileBytes("a", png), false);
}
