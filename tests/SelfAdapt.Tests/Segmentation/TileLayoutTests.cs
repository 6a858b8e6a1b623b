using System.Text.Json;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Tiling;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class TileLayoutTests
{
    [TestMethod]
    [DataRow(200, 12, 12)]
    [DataRow(208, 8, 8)]
    [DataRow(224, 8, 8)]
    [DataRow(225, 15, 16)]
    [DataRow(512, 8, 8)]
    [DataRow(17, 15, 16)]
    public void Padding_Length_IsMarginPlusMultipleOf16(int length, int before, int after)
    {
        Padding padding = Padding.For(length, 208);
        Assert.AreEqual(new Padding(before, after, 8, 8), padding);
    }

    [TestMethod]
    [DataRow(96, "0")]
    [DataRow(224, "0")]
    [DataRow(240, "0 16")]
    [DataRow(304, "0 80")]
    [DataRow(432, "0 104 208")]
    [DataRow(528, "0 152 304")]
    [DataRow(1040, "0 163 326 489 652 816")]
    public void Plain_Length_GivesCellposesStarts(int length, string expected)
    {
        Tile[] tiles = TileLayout.Plain(length, 208, 0.1).Tiles;
        Assert.AreEqual(expected, string.Join(' ', tiles.Select(t => t.Y)));
    }

    [TestMethod]
    [DataRow(224, "0 0")]
    [DataRow(240, "0 8 16")]
    [DataRow(300, "0 38 76")]
    [DataRow(528, "0 76 152 228 304")]
    public void Mirrored_Length_GivesCellposesStarts(int length, string expected)
    {
        Tile[] tiles = TileLayout.Mirrored(224, length).Tiles;
        Assert.AreEqual(expected, string.Join(' ', tiles.Take(tiles.Length / 2).Select(t => t.X)));
    }

    [TestMethod]
    public void Mirrored_FourTiles_AreFlippedFourWays()
    {
        bool[] flips = TileLayout.Mirrored(224, 224).Tiles
            .SelectMany(t => new[] { t.FlipRows, t.FlipColumns }).ToArray();
        CollectionAssert.AreEqual(new[] { false, false, true, false, false, true, true, true }, flips);
    }

    [TestMethod]
    public void Taper_FullTile_HasCellposesValues()
    {
        double[] taper = TileLayout.Taper(224, 224);
        Assert.AreEqual(0.004780121, taper[0], 1e-9);
        Assert.AreEqual(0.0691380725, taper[112], 1e-9);
        Assert.AreEqual(0.999989939, taper[(112 * 224) + 112], 1e-9);
        Assert.AreEqual(33486.47782, taper.Sum(), 1e-4);
    }

    [TestMethod]
    public void Taper_SmallTile_IsTheCentreOfTheProfile()
    {
        double[] taper = TileLayout.Taper(96, 208);
        Assert.AreEqual(0.177037418, taper[0], 1e-9);
        Assert.AreEqual(0.999989939, taper[(48 * 208) + 104], 1e-9);
    }

    [TestMethod]
    [DataRow(224)]
    [DataRow(120)]
    public void Taper_Golden_IsEqual(int width)
    {
        float[] expected = GoldenFile.Floats("golden", "tiling", $"taper_224x{width}.f32.bin");
        double[] taper = TileLayout.Taper(224, width);
        Assert.HasCount(expected.Length, taper);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], taper[i], 1e-7);
        }
    }

    [TestMethod]
    public void Plain_GoldenCases_AreEqual()
    {
        using JsonDocument golden = JsonDocument.Parse(
            File.ReadAllText(SharedData.Path("golden", "tiling", "tiling_ref.json")));
        foreach (JsonElement known in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            int height = known.GetProperty("Lyr").GetInt32();
            int width = known.GetProperty("Lxr").GetInt32();
            Padding padding = Padding.For(height, width);
            int[] pad = known.GetProperty("pad").EnumerateArray().Select(e => e.GetInt32()).ToArray();
            Assert.AreEqual(new Padding(pad[0], pad[1], pad[2], pad[3]), padding);

            TileLayout layout = TileLayout.Plain(
                height + padding.Top + padding.Bottom, width + padding.Left + padding.Right, 0.1);
            CollectionAssert.AreEqual(
                Spans(known, "ysub"), layout.Tiles.Select(t => (t.Y, t.Y + layout.Height)).ToArray());
            CollectionAssert.AreEqual(
                Spans(known, "xsub"), layout.Tiles.Select(t => (t.X, t.X + layout.Width)).ToArray());
        }
    }

    private static (int, int)[] Spans(JsonElement known, string name) =>
        known.GetProperty(name).EnumerateArray().Select(e => (e[0].GetInt32(), e[1].GetInt32())).ToArray();
}
