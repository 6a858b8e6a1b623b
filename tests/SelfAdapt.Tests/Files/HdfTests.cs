using PureHDF;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;

namespace SelfAdapt.Tests.Files;

/// <summary>Datasets of HDF5 files as images.</summary>
[TestClass]
internal sealed class HdfTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-hdf-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Read_Dataset_ByItsPath()
    {
        string file = Write(new H5File
        {
            ["raw"] = new H5Group { ["plane"] = Counting<ushort>(6, 11, i => (ushort)i), ["other"] = new int[] { 1, 2 } },
            ["colours"] = new H5Dataset(Enumerable.Range(0, 10 * 12 * 3).Select(i => (float)i).ToArray(), fileDims: [10, 12, 3]),
        });
        NamedImage plane = ImageFile.ReadAll(file + ":/raw/plane").Single();
        Assert.AreEqual("a_raw_plane", plane.Name);
        Assert.AreEqual((1, 6, 11), (plane.Image.Channels, plane.Image.Height, plane.Image.Width));
        CollectionAssert.AreEqual(Enumerable.Range(0, 66).Select(i => (float)i).ToArray(), plane.Image.Pixels);
        Image colours = ImageFile.ReadAll(file + ":/colours").Single().Image;
        Assert.AreEqual((3, 10, 12), (colours.Channels, colours.Height, colours.Width));
        Assert.AreEqual(3f * 5 + 2, colours.Plane(2)[5]);
        using PictureRows rows = ImageFile.TryOpenRows(file + ":/raw/plane")!;
        CollectionAssert.AreEqual(Enumerable.Range(22, 22).Select(i => (float)i).ToArray(), rows.Read(2, 2).Pixels);

        AssertRefused(file + ":/raw/absent", "it holds ");
        AssertRefused(file + ":/raw/other", "no picture's");
        AssertRefused(file, "name the dataset that is meant, as in a.h5:/NAME");
    }

    [TestMethod]
    public void Read_FileOfOnePicture_NeedsNoPath_AndAxesAsIlastikWritesThem()
    {
        H5Dataset stack = new(Enumerable.Range(0, 2 * 4 * 5 * 2).Select(i => (byte)i).ToArray(), fileDims: [2, 4, 5, 2]);
        stack.Attributes["axistags"] = """{"axes":[{"key":"z"},{"key":"y"},{"key":"x"},{"key":"c"}]}""";
        string file = Write(new H5File { ["exported_data"] = stack });
        IReadOnlyList<NamedImage> planes = ImageFile.ReadAll(file);
        CollectionAssert.AreEqual((string[])["a_p0001", "a_p0002"], planes.Select(p => p.Name).ToArray());
        Assert.AreEqual((2, 4, 5), (planes[0].Image.Channels, planes[0].Image.Height, planes[0].Image.Width));
        Assert.AreEqual(41f, planes[1].Image.Plane(1)[0]);
        List<SkippedFile> skipped = [];
        Assert.AreEqual(2, ImageFolder.Read(_folder, "", skipped).Count());
    }

    [TestMethod]
    public void Read_DamagedFile_IsRefused()
    {
        string file = Write(new H5File { ["a"] = Counting(40, 50, i => i) });
        byte[] whole = File.ReadAllBytes(file);
        foreach (int length in (int[])[0, 4, 100, whole.Length / 2])
        {
            File.WriteAllBytes(file, whole[..length]);
            AssertRefused(file, "");
        }
    }

    private static T[,] Counting<T>(int height, int width, Func<int, T> value)
    {
        T[,] values = new T[height, width];
        for (int i = 0; i < height * width; i++)
        {
            values[i / width, i % width] = value(i);
        }

        return values;
    }

    private static void AssertRefused(string path, string word)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => ImageFile.ReadAll(path));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, word, StringComparison.Ordinal);
    }

    private string Write(H5File file)
    {
        string path = Path.Combine(_folder, "a.h5");
        file.Write(path);
        return path;
    }
}
