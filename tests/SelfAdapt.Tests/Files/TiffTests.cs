using System.Runtime.InteropServices;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class TiffTests
{
    [TestMethod]
    public void Decode_PackBitsExampleOfTheSpecification_GivesItsBytes()
    {
        // TIFF 6.0 section 9: the packed bytes and what they unpack to.
        byte[] packed =
        [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA,
        ];
        byte[] expected =
        [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        byte[] target = new byte[expected.Length];

        TiffCodec.Decode(new FileBytes("a", packed), 32773, 0, packed.Length, reversed: false, target, "strip 1");

        CollectionAssert.AreEqual(expected, target);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    [DataRow(256)]
    public void Decode_Lzw_UndoesAnEncoderThatFillsTheTable(int distinct)
    {
        // 60,000 bytes run through all code widths and several Clear codes.
        byte[] data = new byte[60_000];
        uint state = 1;
        for (int i = 0; i < data.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            data[i] = (byte)((state >> 24) % distinct);
        }

        byte[] target = new byte[data.Length];
        int written = LzwDecoder.Decode(EncodeLzw(data), target);

        Assert.AreEqual(data.Length, written);
        CollectionAssert.AreEqual(data, target);
    }

    [TestMethod]
    public void Decode_LzwCodeThatIsNotDefined_Stops()
    {
        // Clear (256), 'A' (65), then 300, which no string has yet: 100000000 001000001 100101100.
        byte[] target = new byte[10];

        Assert.AreEqual(1, LzwDecoder.Decode([0b10000000, 0b00010000, 0b01100101, 0b10000000], target));
    }

    [TestMethod]
    [DataRow(SampleKind.UInt8)]
    [DataRow(SampleKind.UInt16)]
    [DataRow(SampleKind.UInt32)]
    [DataRow(SampleKind.Int32)]
    [DataRow(SampleKind.Float32)]
    [DataRow(SampleKind.Float64)]
    public void Encode_PlanesOfManyStrips_ReadBackEqual(SampleKind kind)
    {
        const int Height = 301;
        const int Width = 1009;
        byte[] values = new byte[2 * Height * Width * kind.Size()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (byte)(i * 31 % 59);
        }

        TiffReader tiff = new(
            new FileBytes("a", TiffWriter.Encode(kind, 2, Height, Width, values, string.Empty)));
        Raster raster = tiff.Decode(0);

        Assert.AreEqual((1, 2, Height, Width, kind),
            (tiff.ImageCount, raster.Channels, raster.Height, raster.Width, raster.Samples.Kind));
        CollectionAssert.AreEqual(values, raster.Samples.Bytes);
    }

    [TestMethod]
    [DataRow("ImageJ=1.53t\nimages=24\nchannels=2\nslices=3\nframes=4\nhyperstack=true\n", 24, 12, 2)]
    [DataRow("ImageJ=1.53t\nimages=24\nchannels=5\n", 24, 24, 1)]
    [DataRow("ImageJ=1.53t\nimages=7\n", 7, 7, 1)]
    [DataRow(
        "<OME><Image><Pixels DimensionOrder=\"XYZTC\" SizeC=\"4\" SizeZ=\"2\" SizeT=\"3\">"
        + "<Channel SamplesPerPixel=\"3\"/><Channel/></Pixels></Image></OME>", 12, 6, 2)]
    [DataRow("<!DOCTYPE a [<!ENTITY b \"c\">]><OME><Pixels SizeC=\"1\" SizeZ=\"3\"/></OME>", 3, 1, 3)]
    [DataRow("<OME><Pixels SizeC=\"2\"", 2, 1, 2)]
    public void Read_Descriptions_DecideWhatPlanesAre(string description, int planes, int images, int channels)
    {
        TiffReader tiff = new(new FileBytes(
            "a", TiffWriter.Encode(SampleKind.UInt8, planes, 2, 3, new byte[6 * planes], description)));

        Assert.AreEqual((images, channels), (tiff.ImageCount, tiff.SizeOf(0).Channels));
    }

    [TestMethod]
    public void UndoFloatPredictor_HandMadeRow_GivesTheFloats()
    {
        float[] values = [1.5f, -2f, 1000f];
        byte[] row = new byte[12];
        for (int i = 0; i < 3; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(values[i]);
            for (int b = 0; b < 4; b++)
            {
                row[(b * 3) + i] = (byte)(bits >> (24 - (8 * b)));
            }
        }

        for (int i = 11; i > 0; i--)
        {
            row[i] -= row[i - 1];
        }

        TiffCodec.UndoFloatPredictor(row, 1, 4);

        CollectionAssert.AreEqual(values, MemoryMarshal.Cast<byte, float>(row).ToArray());
    }

    [TestMethod]
    public void Decode_LivecellLzwFile_HasTheSumThatOpenCvReads()
    {
        string path = SharedData.Path("data", "livecell", "unlabeled", "A172_Phase_B7_2_00d00h00m_2.tif");
        Image image = ImageFile.Read(path);

        Assert.AreEqual((1, 520, 704), (image.Channels, image.Height, image.Width));
        Assert.AreEqual(46855116.0, image.Pixels.Sum(p => (double)p));
    }

    private static byte[] EncodeLzw(byte[] data)
    {
        List<byte> output = [];
        (ulong window, int held) = (0, 0);
        Dictionary<(int Prefix, byte Next), int> table = [];
        (int next, int bits) = (258, 9);

        void Put(int code)
        {
            window = (window << bits) | (uint)code;
            for (held += bits; held >= 8; held -= 8)
            {
                output.Add((byte)(window >> (held - 8)));
            }
        }

        Put(256);
        int prefix = data[0];
        foreach (byte b in data.AsSpan(1))
        {
            if (table.TryGetValue((prefix, b), out int longer))
            {
                prefix = longer;
                continue;
            }

            Put(prefix);
            table[(prefix, b)] = next++;
            bits = next >= 2048 ? 12 : next >= 1024 ? 11 : next >= 512 ? 10 : 9;
            if (next == 4094)
            {
                Put(256);
                table.Clear();
                (next, bits) = (258, 9);
            }

            prefix = b;
        }

        Put(prefix);
        Put(257);
        output.Add((byte)(window << (8 - held)));
        return [.. output];
    }
}
