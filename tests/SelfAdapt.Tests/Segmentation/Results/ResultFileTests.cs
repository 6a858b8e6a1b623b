using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Results;

namespace SelfAdapt.Tests.Segmentation.Results;

/// <summary>The files people open, read back by small readers of their own.</summary>
[TestClass]
internal sealed class ResultFileTests : IDisposable
{
    private const string Cells = "..11.... .111..2. .11..222 ......2. 3.3..... 333..... ........";

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-results-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void RoiArchive_EachRegion_CoversItsCell()
    {
        LabelImage masks = Drawn.Labels(Cells);
        RoiArchive.Write(At("r.zip"), masks);

        using ZipArchive zip = ZipFile.OpenRead(At("r.zip"));
        CollectionAssert.AreEqual(
            (string[])["0001.roi", "0002.roi", "0003.roi"], zip.Entries.Select(e => e.FullName).ToArray());
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            (string name, OutlinePoint[] ring) = ReadRoi(entry);
            Assert.AreEqual(entry.Name, name + ".roi");
            int label = int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);
            CollectionAssert.AreEqual(
                masks.Labels.Select(l => l == label).ToArray(), Drawn.Fill(masks, ring), name);
        }
    }

    [TestMethod]
    public void RoiArchive_ImageBeyond16Bits_IsRefused()
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => RoiArchive.Write(At("r.zip"), new LabelImage(1, 40_000, new int[40_000])));

        Assert.AreEqual(ErrorKind.OutputNotWritable, e.Kind);
        StringAssert.Contains(e.Message, "GeoJSON", StringComparison.Ordinal);
    }

    [TestMethod]
    public void GeoJson_Features_AreQuPathsDetections()
    {
        LabelImage masks = Drawn.Labels("111.2. 1.1..2 111...");
        GeoJsonFile.Write(At("a.geojson"), "image", masks);
        GeoJsonFile.Write(At("b.geojson"), "image", masks);
        GeoJsonFile.Write(At("c.geojson"), "other", masks);

        JsonArray features = JsonNode.Parse(File.ReadAllText(At("a.geojson")))!["features"]!.AsArray();

        Assert.HasCount(2, features);
        Assert.AreEqual("detection", (string)features[0]!["properties"]!["objectType"]!);
        Assert.AreEqual("1", (string)features[0]!["properties"]!["name"]!);
        Assert.AreEqual(8, (int)features[0]!["properties"]!["measurements"]!["Area px^2"]!);
        Assert.AreEqual("Polygon", (string)features[0]!["geometry"]!["type"]!);
        Assert.AreEqual(
            "[[[0,0],[0,3],[3,3],[3,0],[0,0]],[[2,1],[2,2],[1,2],[1,1],[2,1]]]",
            features[0]!["geometry"]!["coordinates"]!.ToJsonString());
        Assert.AreEqual("MultiPolygon", (string)features[1]!["geometry"]!["type"]!);
        Assert.IsTrue(Guid.TryParse((string)features[0]!["id"]!, out _));
        CollectionAssert.AreEqual(File.ReadAllBytes(At("a.geojson")), File.ReadAllBytes(At("b.geojson")));
        CollectionAssert.AreNotEqual(File.ReadAllBytes(At("a.geojson")), File.ReadAllBytes(At("c.geojson")));
    }

    [TestMethod]
    public void GeoJson_NoCells_IsAnEmptyCollection()
    {
        GeoJsonFile.Write(At("e.geojson"), "image", Drawn.Labels("..."));

        Assert.AreEqual("""{"type":"FeatureCollection","features":[]}""", File.ReadAllText(At("e.geojson")));
    }

    [TestMethod]
    public void OutlineText_SmallCell_LeavesItsLineEmpty()
    {
        OutlineText.Write(At("o.txt"), Drawn.Labels("111.2 111.2 111.."));

        Assert.AreEqual("0,0,0,1,0,2,1,2,2,2,2,1,2,0,1,0\n\n", File.ReadAllText(At("o.txt")));
    }

    [TestMethod]
    public void MeasurementTable_Values_ByHand()
    {
        Image image = new(2, 2, 3, [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]);
        MeasurementTable.Write(At("m.csv"), Drawn.Labels("1.7 117"), image);

        // Label 1: pixels (0,0), (0,1), (1,1); values 1, 4, 5. Label 7: (2,0), (2,1); values 3, 6.
        Assert.AreEqual(
            "label,area_px,diameter_px,centroid_x,centroid_y,mean_intensity_1,mean_intensity_2\n"
            + "1,3,1.954,0.333,0.667,3.3333333,33.333332\n"
            + "7,2,1.596,2,0.5,4.5,45\n",
            File.ReadAllText(At("m.csv")));
    }

    [TestMethod]
    public void CellposeSegFile_Pickle_HoldsCellposesEntries()
    {
        LabelImage masks = Drawn.Labels(Cells);
        float[] planes = [.. Enumerable.Range(0, 3 * masks.Labels.Length).Select(i => (float)Math.Sin(i))];
        Image flows = new(3, masks.Height, masks.Width, planes);
        SegFileContext context = new("/a/x.png", new ChannelPair(2, 1), 17.5, flows);
        CellposeSegFile.Write(At("x_seg.npy"), masks, context);

        NumpyArray array = SegFileReader.Read(File.ReadAllBytes(At("x_seg.npy")));
        Dictionary<string, object?> entries = array.Entries();

        CollectionAssert.AreEqual(
            (string[])["outlines", "masks", "chan_choose", "ismanual", "filename", "diameter", "flows"],
            entries.Keys.ToArray());
        NumpyArray stored = (NumpyArray)entries["masks"]!;
        Assert.AreEqual("<u2 7,8", stored.ToString());
        CollectionAssert.AreEqual(masks.Labels.SelectMany(l => new[] { (byte)l, (byte)0 }).ToArray(), stored.Data);
        bool[] rim = CellGeometry.OutlinePixels(masks);
        CollectionAssert.AreEqual(
            masks.Labels.SelectMany((l, i) => new[] { (byte)(rim[i] ? l : 0), (byte)0 }).ToArray(),
            ((NumpyArray)entries["outlines"]!).Data);
        CollectionAssert.AreEqual((object[])[2L, 1L], (List<object?>)entries["chan_choose"]!);
        Assert.AreEqual("|b1 3", entries["ismanual"]!.ToString());
        Assert.AreEqual("/a/x.png", entries["filename"]);
        Assert.AreEqual(17.5, entries["diameter"]);
        List<object?> list = (List<object?>)entries["flows"]!;
        Assert.AreEqual(
            "|u1 1,7,8,3; |u1 1,7,8; |u1 1,7,8; ; <f4 3,7,8",
            string.Join("; ", list.Select(f => f is NumpyArray a ? a.ToString() : "")));
        CollectionAssert.AreEqual(
            planes.SelectMany(BitConverter.GetBytes).ToArray(), ((NumpyArray)list[4]!).Data);
    }

    [TestMethod]
    public void CellposeSegFile_WithoutFlows_LeavesThemOut()
    {
        CellposeSegFile.Write(
            At("x_seg.npy"), Drawn.Labels("1."), new SegFileContext("x.png", default, 30, null));

        Assert.IsFalse(SegFileReader.Read(File.ReadAllBytes(At("x_seg.npy"))).Entries().ContainsKey("flows"));
    }

    private string At(string name) => Path.Combine(_folder, name);

    /// <summary>A traced region of ImageJ: its name and corners (facts of the format, big-endian).</summary>
    private static (string Name, OutlinePoint[] Ring) ReadRoi(ZipArchiveEntry entry)
    {
        using MemoryStream content = new();
        using (Stream stream = entry.Open())
        {
            stream.CopyTo(content);
        }

        byte[] b = content.ToArray();
        Assert.AreEqual("Iout", Encoding.ASCII.GetString(b, 0, 4));
        Assert.AreEqual(8, b[6]);
        (int top, int left, int bottom, int right, int count) =
            (Short(8), Short(10), Short(12), Short(14), Short(16));
        OutlinePoint[] ring = [.. Enumerable.Range(0, count).Select(i =>
            new OutlinePoint(left + Short(64 + (2 * i)), top + Short(64 + (2 * (count + i)))))];
        Assert.AreEqual((right, bottom), (ring.Max(p => p.X), ring.Max(p => p.Y)));
        int header2 = BinaryPrimitives.ReadInt32BigEndian(b.AsSpan(60));
        int at = BinaryPrimitives.ReadInt32BigEndian(b.AsSpan(header2 + 16));
        int length = BinaryPrimitives.ReadInt32BigEndian(b.AsSpan(header2 + 20));
        return (Encoding.BigEndianUnicode.GetString(b, at, 2 * length), ring);

        int Short(int offset) => BinaryPrimitives.ReadInt16BigEndian(b.AsSpan(offset));
    }
}
