using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Fuzz;

namespace SelfAdapt.Tests.Files;

/// <summary>Smaller copies that a TIFF file holds of its pages.</summary>
[TestClass]
internal sealed class PyramidTests
{
    private const string Ome = "<OME><Image><Pixels DimensionOrder=\"XYCZT\" SizeX=\"8\" SizeY=\"4\" SizeC=\"2\" SizeZ=\"1\""
        + " SizeT=\"1\"><Channel/><Channel/><TiffData/></Pixels></Image></OME>";

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-levels-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Read_SubDirectories_AreLevelsOfEveryChannel()
    {
        // The copies of both pages are written before them and unlinked, as SubIFDs are.
        TiffBuilder tiff = new();
        long[] below = [.. Enumerable.Range(1, 4).Select(v => tiff.Apart(v % 2 == 1 ? 4 : 2, v % 2 == 1 ? 2 : 1, (byte)(10 * v)))];
        byte[] file = tiff
            .Page(8, 4, [Filled(8 * 4, 1)], (TiffTag.ImageDescription, Ome), (TiffTag.SubDirectories, below[..2]))
            .Page(8, 4, [Filled(8 * 4, 2)], (TiffTag.SubDirectories, below[2..])).ToArray();
        AssertImage(file, 0, 8, 4, 1, 2);
        AssertImage(file, 1, 4, 2, 10, 30);
        AssertImage(file, 2, 2, 1, 20, 40);
        AssertRefused(file, 3, "its levels are 0, the full size, to 2");
    }

    [TestMethod]
    public void Read_PagesMarkedAsReduced_AreLevelsOfThePageBefore()
    {
        byte[] file = new TiffBuilder().Page(8, 4, [Filled(8 * 4, 1)])
            .Page(2, 1, [Filled(2, 3)], (TiffTag.SubfileType, 1)).Page(4, 2, [Filled(8, 2)], (TiffTag.SubfileType, 1))
            .Page(3, 3, [Filled(9, 9)], (TiffTag.SubfileType, 1)).ToArray();
        AssertImage(file, 0, 8, 4, 1);
        AssertImage(file, 1, 4, 2, 2);
        AssertImage(file, 2, 2, 1, 3);
        AssertRefused(file, 3, "to 2");
    }

    [TestMethod]
    public void Read_SlideOfUnmarkedPages_ThoseOfItsProportions()
    {
        byte[] file = new TiffBuilder().Page(16, 8, [Filled(16 * 8, 1)], (TiffTag.ImageDescription, "Aperio Image Library"))
            .Page(7, 7, [Filled(49, 8)]).Page(5, 2, [Filled(10, 2)]).Page(3, 3, [Filled(9, 9)]).ToArray();
        AssertImage(file, 0, 16, 8, 1);
        AssertImage(file, 1, 5, 2, 2);
        AssertRefused(file, 2, "to 1");
    }

    [TestMethod]
    public void Read_FilesWithoutCopies_HaveLevel0Alone()
    {
        AssertRefused(TiffBuilder.Gray(8, 4, Filled(32, 1)), 1, "in its full size alone");
        string path = Path.Combine(_folder, "a.png");
        LabelFile.WritePng(path, new LabelImage(1, 2, [1, 2]));
        Assert.AreEqual(ErrorKind.UnreadableInput, Assert.ThrowsExactly<SelfAdaptException>(() => ImageFile.ReadAll(path, level: 1)).Kind);
    }

    [TestMethod]
    public void Read_SubDirectoryOutsideTheFile_IsRefused() => AssertRefused(
        new TiffBuilder().Page(8, 4, [Filled(32, 1)], (TiffTag.SubDirectories, (long[])[1 << 30])).ToArray(), 1, "damaged");

    private static byte[] Filled(int length, byte value)
    {
        byte[] values = new byte[length];
        Array.Fill(values, value);
        return values;
    }

    private void AssertImage(byte[] file, int level, int width, int height, params byte[] channels)
    {
        Image image = ImageFile.ReadAll(Written(file), level: level).Single().Image;
        Assert.AreEqual((channels.Length, height, width), (image.Channels, image.Height, image.Width));
        CollectionAssert.AreEqual(
            channels.SelectMany(c => Enumerable.Repeat((float)c, width * height)).ToArray(), image.Pixels);
    }

    private void AssertRefused(byte[] file, int level, string word)
    {
        SelfAdaptException error =
            Assert.ThrowsExactly<SelfAdaptException>(() => ImageFile.ReadAll(Written(file), level: level));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, word, StringComparison.Ordinal);
    }

    private string Written(byte[] file)
    {
        string path = Path.Combine(_folder, "a.tif");
        File.WriteAllBytes(path, file);
        return path;
    }
}
