using System.Buffers.Binary;
using System.IO.Compression;
using SelfAdapt.Files.Regions;

namespace SelfAdapt.Tests.Files;

/// <summary>Regions as ImageJ writes them, made here byte by byte.</summary>
[TestClass]
internal sealed class ImageJRegionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-regions-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void WhatIsWritten_IsReadAgain()
    {
        ImageJRegion region = new("object é", RegionShape.Traced, 2, 0, [new(3, 4), new(9, 4), new(9, 30_000)]);
        ImageJRegion.Write(At("r.zip"), [region, region with { Name = "next", Shape = RegionShape.SegmentedLine }]);

        IReadOnlyList<ImageJRegion> read = ImageJRegion.Read(At("r.zip"));
        Assert.HasCount(2, read);
        Same(region, read[0]);
        Assert.AreEqual(("next", RegionShape.SegmentedLine), (read[1].Name, read[1].Shape));
    }

    [TestMethod]
    public void OfEachShape_CornersAreFound()
    {
        Same(new("x", RegionShape.Rectangle, 0, 0, [new(3, 4), new(12, 10)]), Read(RegionBytes.Make(1, (4, 3, 10, 12))));
        Same(new("x", RegionShape.Oval, 0, 0, [new(-3, 4), new(12, 10)]), Read(RegionBytes.Make(2, (4, -3, 10, 12))));
        Same(
            new("x", RegionShape.Oval, 0, 0, [new(3.5f, 4), new(5.75f, 12)]),
            Read(RegionBytes.Make(2, (4, 3, 12, 6), box: [3.5f, 4, 2.25f, 8], fractions: true)));
        Same(
            new("x", RegionShape.Line, 1, 2.5f, [new(1, 2), new(8, 9.5f)]),
            Read(RegionBytes.Make(3, (2, 1, 10, 8), box: [1, 2, 8, 9.5f], group: 1, width: 2.5f)));
        Same(new("x", RegionShape.Point, 0, 0, [new(4, 4), new(6, 8)]), Read(RegionBytes.Make(10, (4, 4, 9, 7), [(0, 0), (2, 4)])));
        Same(
            new("x", RegionShape.FreehandLine, 0, 0, [new(1.5f, 1), new(9, 7.25f)]),
            Read(RegionBytes.Make(4, (1, 1, 8, 9), [(0, 0), (8, 6)], exact: [(1.5f, 1), (9, 7.25f)], fractions: true)));
    }

    [TestMethod]
    public void NameOfTheFile_WhereARegionHasNone()
    {
        File.WriteAllBytes(At("mine.roi"), RegionBytes.Make(10, (4, 4, 9, 7), [(0, 0)], name: ""));
        Assert.AreEqual("mine", ImageJRegion.Read(At("mine.roi"))[0].Name);

        // Files of the time before the second header.
        byte[] old = RegionBytes.Make(10, (4, 4, 9, 7), [(0, 0)])[..68];
        BinaryPrimitives.WriteInt16BigEndian(old.AsSpan(4), 218);
        File.WriteAllBytes(At("old.roi"), old);
        Same(new("old", RegionShape.Point, 0, 0, [new(4, 4)]), ImageJRegion.Read(At("old.roi"))[0]);
    }

    [TestMethod]
    public void WhatHasNoShape_IsRefused()
    {
        byte[] whole = RegionBytes.Make(10, (4, 4, 9, 7), [(0, 0), (2, 4)]);
        byte[] joined = (byte[])whole.Clone();
        joined[39] = 1;
        byte[] text = (byte[])whole.Clone();
        text[49] = 1;
        Refused(joined, "several shapes");
        Refused(text, "text");
        Refused(RegionBytes.Make(6, (0, 0, 1, 1)), "nothing");
        Refused("not a region, but as long as one would be: sixty-four bytes at least."u8.ToArray(), "no region");
        Refused("PK\u0003\u0004 cut off"u8.ToArray(), "no zip");
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(At("x.roi"), whole[..length]);
            Assert.ThrowsExactly<SelfAdaptException>(() => ImageJRegion.Read(At("x.roi")), $"{length} bytes");
        }
    }

    [TestMethod]
    public void ZipThatUnpacksToMuch_IsRefused()
    {
        using (ZipArchive zip = ZipFile.Open(At("bomb.zip"), ZipArchiveMode.Create))
        {
            using Stream entry = zip.CreateEntry("x.roi").Open();
            entry.Write(new byte[17 << 20]);
        }

        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => ImageJRegion.Read(At("bomb.zip")));
        StringAssert.Contains(e.Message, "more than 16 MB", StringComparison.Ordinal);
    }

    private static void Same(ImageJRegion expected, ImageJRegion actual)
    {
        Assert.AreEqual(expected with { Corners = actual.Corners }, actual);
        CollectionAssert.AreEqual(expected.Corners.ToArray(), actual.Corners.ToArray());
    }

    private void Refused(byte[] bytes, string why)
    {
        File.WriteAllBytes(At("bad.roi"), bytes);
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => ImageJRegion.Read(At("bad.roi")));
        Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
        StringAssert.Contains(e.Message, why, StringComparison.Ordinal);
    }

    private ImageJRegion Read(byte[] bytes)
    {
        File.WriteAllBytes(At("x.roi"), bytes);
        return ImageJRegion.Read(At("x.roi"))[0];
    }

    private string At(string name) => Path.Combine(_folder, name);
}
