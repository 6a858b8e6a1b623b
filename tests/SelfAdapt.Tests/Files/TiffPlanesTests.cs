using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Fuzz;

namespace SelfAdapt.Tests.Files;

/// <summary>What a file says of its planes decides which of them are channels, and of which image.</summary>
[TestClass]
internal sealed class TiffPlanesTests
{
    private const int Width = 5;
    private const int Height = 4;

    private const string OmeHead =
        "<OME UUID=\"urn:uuid:0\"><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"5\" SizeY=\"4\" SizeC=\"2\" SizeZ=\"3\""
        + " SizeT=\"1\"><Channel SamplesPerPixel=\"1\"/><Channel SamplesPerPixel=\"1\"/>";

    private const string OmeTail = "</Pixels></Image></OME>";

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-planes-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Read_OmeTiffData_DecidesOverDimensionOrder()
    {
        StringBuilder xml = new(OmeHead);
        for (int page = 0; page < 6; page++)
        {
            xml.Append($"<TiffData IFD=\"{page}\" FirstC=\"{page % 2}\" FirstZ=\"{page / 2}\" FirstT=\"0\"/>");
        }

        AssertPlanes(Pages(6, xml + OmeTail), [[0, 1], [2, 3], [4, 5]]);
    }

    [TestMethod]
    [DataRow("", DisplayName = "no TiffData")]
    [DataRow("<TiffData/>")]
    [DataRow("<TiffData IFD=\"0\" PlaneCount=\"6\"/>")]
    [DataRow("<TiffData IFD=\"0\" FirstC=\"0\" PlaneCount=\"3\"/><TiffData IFD=\"3\" FirstC=\"1\" PlaneCount=\"3\"/>")]
    [DataRow("<TiffData><UUID FileName=\"once.ome.tif\">urn:uuid:0</UUID></TiffData>")]
    public void Read_OmeRunsOfPages_FollowDimensionOrder(string data) =>
        AssertPlanes(Pages(6, OmeHead + data + OmeTail), [[0, 3], [1, 4], [2, 5]]);

    [TestMethod]
    public void Read_OmeOfFewerPages_GivesThemAsImages() =>
        AssertPlanes(Pages(3, OmeHead + "<TiffData/>" + OmeTail), [[0], [1], [2]], noted: true);

    [TestMethod]
    public void Read_OneFileOfAnOmeSet_GivesItsPlanesAsImagesAndTheFolderTheSet()
    {
        StringBuilder data = new();
        for (int plane = 0; plane < 6; plane++)
        {
            data.Append($"<TiffData IFD=\"{plane % 3}\" FirstC=\"{plane / 3}\" FirstZ=\"{plane % 3}\">")
                .Append($"<UUID FileName=\"c{plane / 3}.ome.tif\">urn:uuid:{plane / 3}</UUID></TiffData>");
        }

        for (int file = 0; file < 2; file++)
        {
            string xml = (OmeHead + data + OmeTail).Replace("OME UUID=\"urn:uuid:0\"", $"OME UUID=\"urn:uuid:{file}\"");
            File.WriteAllBytes(At($"c{file}.ome.tif"), Pages(3, xml, first: 3 * file));
        }

        IReadOnlyList<NamedImage> alone = ImageFile.ReadAll(At("c1.ome.tif"));
        IReadOnlyList<NamedImage> set = ImageFolder.Load(_folder).Images;

        CollectionAssert.AreEqual(new[] { "3", "4", "5" }, alone.Select(i => Planes(i.Image)).ToArray());
        Assert.IsTrue(alone.All(i => i.Note is not null));
        CollectionAssert.AreEqual(new[] { "0 3", "1 4", "2 5" }, set.Select(i => Planes(i.Image)).ToArray());
        File.Delete(At("c0.ome.tif"));
        CollectionAssert.AreEqual(
            new[] { "3", "4", "5" }, ImageFolder.Load(_folder).Images.Select(i => Planes(i.Image)).ToArray());
    }

    [TestMethod]
    [DataRow("TYX", "[3, 4, 5]", "0|1|2")]
    [DataRow("ZYX", "[3, 4, 5]", "0|1|2")]
    [DataRow("CYX", "[3, 4, 5]", "0 1 2")]
    [DataRow("QYX", "[3, 4, 5]", "0|1|2")]
    [DataRow("TCYX", "[2, 3, 4, 5]", "0 1 2|3 4 5")]
    [DataRow("CTYX", "[2, 3, 4, 5]", "0 3|1 4|2 5")]
    [DataRow("TZCYX", "[1, 3, 2, 4, 5]", "0 1|2 3|4 5")]
    [DataRow("YX", "[3, 4, 5]", "0 1 2", DisplayName = "axes that don't fit the shape")]
    public void Read_TifffilesAxes_DecideWhatPagesAre(string axes, string shape, string images)
    {
        long[][] expected = [.. images.Split('|').Select(i => i.Split(' ').Select(long.Parse).ToArray())];
        string description = $"{{\"shape\": {shape}, \"axes\": \"{axes}\"}}";

        AssertPlanes(Pages(expected.Sum(e => e.Length), description), expected);
        AssertPlanes(Following(expected.Sum(e => e.Length), description), expected);
    }

    [TestMethod]
    [DataRow("{\"shape\": [12, 13, 2]}", 1)]
    [DataRow("{\"shape\": [12, 13, 2], \"axes\": \"YXC\"}", 1)]
    [DataRow("{\"shape\": [12, 13, 2], \"axes\": \"YXS\"}", 1)]
    [DataRow("shape=(12, 13, 2)", 1)]
    [DataRow("{\"shape\": [3, 12, 13, 2], \"axes\": \"TYXC\"}", 3)]
    public void Read_ChannelsLast_ComesAsTheyWere(string description, int images)
    {
        TiffBuilder tiff = new();
        for (int row = 0; row < 12 * images; row++)
        {
            tiff.Page(
                2, 13, [[.. Enumerable.Range(0, 26).Select(i => (byte)((row % 12 * 13) + (i / 2) + (100 * (i % 2))))]],
                (TiffTag.ImageDescription, row == 0 ? description : null));
        }

        TiffReader reader = new(new FileBytes("a", tiff.ToArray()));

        Assert.AreEqual((images, (2, 12, 13)), (reader.ImageCount, reader.SizeOf(0)));
        for (int i = 0; i < images; i++)
        {
            Image image = reader.Decode(i).ToImage();
            CollectionAssert.AreEqual(
                Enumerable.Range(0, 312).Select(v => (float)(byte)((v % 156) + (100 * (v / 156)))).ToArray(),
                image.Pixels);
        }

        CollectionAssert.AreEqual(
            reader.Decode(0).Samples.Bytes[26..39], reader.Decode(0, 2, 1).Samples.Bytes[..13]);
    }

    [TestMethod]
    public void Read_PlanesBehindTheOnlyPage_AreFound()
    {
        AssertPlanes(Following(3, null, (TiffTag.MetaMorphPlanes, new long[3])), [[0], [1], [2]]);
        AssertPlanes(Following(4, "{\"shape\": [4, 4, 5], \"truncated\": true}"), [[0, 1, 2, 3]]);
        AssertPlanes(Following(4, "ImageJ=1.53t\nimages=4\nchannels=2\nslices=2\n"), [[0, 1], [2, 3]]);
        AssertPlanes(Following(1, null, (TiffTag.MetaMorphPlanes, new long[1])), [[0]]);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    public void Read_ImageDepth_GivesEverySlice(int compression)
    {
        byte[][] slices =
            [.. Enumerable.Range(0, 5).Select(s => compression == 8 ? Inflater.Deflate(Plane(s)) : Plane(s))];

        AssertPlanes(
            new TiffBuilder().Page(
                Width, Height, slices, (TiffTag.ImageDepth, 5), (TiffTag.Compression, compression)).ToArray(),
            [[0], [1], [2], [3], [4]]);
    }

    [TestMethod]
    public void Read_ZeissPages_AreSlicesAndTimes()
    {
        byte[] info = new byte[32];
        (info[16], info[24]) = (1, 3);
        TiffBuilder tiff = new();
        for (int page = 0; page < 6; page++)
        {
            // Every other page is the thumbnail of the one before it.
            tiff.Page(
                Width, Height, [Plane(page)], (TiffTag.SubfileType, page % 2),
                (TiffTag.ZeissInfo, page == 0 ? info : null));
        }

        AssertPlanes(tiff.ToArray(), [[0], [2], [4]]);
    }

    [TestMethod]
    [DataRow("{{\"Axes\": {{\"position\": {0}, \"channel\": \"{1}\"}}}}")]
    [DataRow("{{\"PositionIndex\": {0}, \"ChannelIndex\": {1}, \"SliceIndex\": 0, \"FrameIndex\": 0}}")]
    public void Read_MicroManagersPages_AreWhatEachSays(string format)
    {
        AssertPlanes(MicroManager(format, (0, 0), (0, 1), (1, 0), (1, 1)), [[0, 1], [2, 3]]);
        AssertPlanes(MicroManager(format, (0, 0), (1, 0), (2, 0)), [[0], [1], [2]]);
        AssertPlanes(MicroManager(format, (0, 0), (0, 1), (1, 0)), [[0, 1], [2]], noted: true);
        AssertPlanes(MicroManager("no JSON", (0, 0), (0, 1)), [[0], [1]]);
    }

    [TestMethod]
    public void Read_MasksAndReducedCopies_AreLeftOut()
    {
        foreach ((TiffTag Tag, object? Value) mark in (ReadOnlySpan<(TiffTag, object?)>)
            [(TiffTag.SubfileType, 4), (TiffTag.SubfileType, 1), (TiffTag.OldSubfileType, 2), (TiffTag.Photometric, 4)])
        {
            AssertPlanes(
                new TiffBuilder().Page(Width, Height, [Plane(0)]).Page(Width, Height, [Plane(1)], mark).ToArray(),
                [[0]]);
        }
    }

    [TestMethod]
    public void Read_LinkThatLeadsNowhere_EndsTheListWithANote()
    {
        byte[] good = Pages(2, null);
        int first = BitConverter.ToInt32(good, 4);
        foreach (int link in (int[])[0x7FFFFF00, -256, first, good.Length - 3, 3])
        {
            byte[] file = new TiffBuilder()
                .Page(Width, Height, [Plane(0)]).Page(Width, Height, [Plane(1)]).ToArray(link);
            AssertPlanes(file, [[0, 1]], noted: true);
        }

        AssertPlanes(good[..^4], [[0, 1]], noted: true);
    }

    [TestMethod]
    public void Read_PagesOfDifferentTypes_AreImagesOfTheirOwn()
    {
        byte[] file = new TiffBuilder().Page(Width, Height, [Plane(0)])
            .Page(Width, Height, [new byte[80]], (TiffTag.BitsPerSample, 32), (TiffTag.SampleFormat, 3)).ToArray();
        TiffReader reader = new(new FileBytes("a", file));

        Assert.AreEqual(2, reader.ImageCount);
        Assert.AreEqual(
            (SampleKind.UInt8, SampleKind.Float32), (reader.Decode(0).Samples.Kind, reader.Decode(1).Samples.Kind));
    }

    [TestMethod]
    public void Read_PageOfTooManyChannelsAmongOthers_TakesNoMemory()
    {
        byte[] file = new TiffBuilder()
            .Page(Width, Height, [Plane(0)], (TiffTag.ImageDescription, "{\"shape\": [2, 4, 5], \"axes\": \"CYX\"}"))
            .Page(Width, Height, [Plane(1)], (TiffTag.SamplesPerPixel, 10_000_000)).ToArray();
        TiffReader reader = new(new FileBytes("a", file));
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.ThrowsExactly<SelfAdaptException>(() => reader.Decode(0));

        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Read_GdalsNoData_IsTold()
    {
        File.WriteAllBytes(At("a.tif"), new TiffBuilder()
            .Page(Width, Height, [Plane(0)], (TiffTag.GdalNoData, "-9999 ")).ToArray());
        File.WriteAllBytes(At("b.tif"), Pages(1, null));

        Assert.AreEqual(-9999, ImageFile.ReadAll(At("a.tif")).Single().NoData);
        Assert.IsNull(ImageFile.ReadAll(At("b.tif")).Single().NoData);
    }

    [TestMethod]
    [DataRow("a.czi")]
    [DataRow("a.VSI")]
    [DataRow("a.nd2")]
    [DataRow("a.lif")]
    public void Read_MicroscopesOwnFormats_NameTheConverter(string name)
    {
        // VSI begins like a TIFF, and its TIFF is a thumbnail.
        File.WriteAllBytes(At(name), Pages(1, null));

        Assert.Contains(
            "bfconvert", Assert.ThrowsExactly<SelfAdaptException>(() => ImageFile.ReadAll(At(name))).Message);
    }

    [TestMethod]
    public void Read_EveryCase_GivesWhatIsExpected()
    {
        foreach (string expected in Directory.GetFiles(SharedData.Path("cases"), "*.expected.npy"))
        {
            string file = expected[..^".expected.npy".Length];
            float[] pixels = NpyFile.Read(expected).ToFloats();
            CollectionAssert.AreEqual(
                pixels, ImageFile.ReadAll(file).SelectMany(i => i.Image.Pixels).ToArray(), Path.GetFileName(file));
        }
    }

    private static byte[] Plane(long value) =>
        [.. Enumerable.Repeat((byte)value, (Width * Height) - 1), (byte)(value + 1)];

    private static byte[] Pages(int count, string? description, int first = 0)
    {
        TiffBuilder tiff = new();
        for (int page = 0; page < count; page++)
        {
            tiff.Page(
                Width, Height, [Plane(first + page)], (TiffTag.ImageDescription, page == 0 ? description : null));
        }

        return tiff.ToArray();
    }

    private static byte[] Following(int planes, string? description, params (TiffTag, object?)[] tags)
    {
        byte[] all = [.. Enumerable.Range(0, planes).SelectMany(p => Plane(p))];
        return new TiffBuilder().Page(
            Width, Height, [all],
            [(TiffTag.ImageDescription, description), (TiffTag.StripByteCounts, (long)Plane(0).Length), .. tags])
            .ToArray();
    }

    private static byte[] MicroManager(string format, params (int Position, int Channel)[] places)
    {
        TiffBuilder tiff = new();
        foreach ((int position, int channel) in places)
        {
            string json = format[0] == '{' ? string.Format(null, format, position, channel) : format;
            tiff.Page(
                Width, Height, [Plane(Array.IndexOf(places, (position, channel)))],
                (TiffTag.MicroManagerMetadata, json));
        }

        return tiff.ToArray();
    }

    private static void AssertPlanes(byte[] file, long[][] expected, bool noted = false)
    {
        TiffReader reader = new(new FileBytes("once.ome.tif", file));
        string[] images = [.. Enumerable.Range(0, reader.ImageCount).Select(i => Planes(reader.Decode(i).ToImage()))];

        CollectionAssert.AreEqual(expected.Select(e => string.Join(' ', e)).ToArray(), images);
        Assert.AreEqual(noted, reader.Notes.Count > 0, string.Join("; ", reader.Notes));
    }

    private static string Planes(Image image) =>
        string.Join(' ', Enumerable.Range(0, image.Channels).Select(c => image.Plane(c)[0]));

    private string At(string name) => Path.Combine(_folder, name);
}
