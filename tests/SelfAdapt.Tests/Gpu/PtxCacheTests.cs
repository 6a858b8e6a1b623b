using SelfAdapt.Gpu;

namespace SelfAdapt.Tests.Gpu;

/// <summary>The cache saves time and never decides anything.</summary>
[TestClass]
internal sealed class PtxCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ptx-cache-").FullName;
    private int _made;

    public void Dispose() => Directory.Delete(_folder, true);

    [TestMethod]
    public void Get_Again_ReadsWhatWasKept()
    {
        Assert.AreEqual("text 1", Get("k", "v"));
        Assert.AreEqual("text 1", Get("k", "v"));
        Assert.HasCount(1, Directory.GetFiles(_folder), "no half-written file stays behind");
    }

    [TestMethod]
    public void Get_AnotherNameOrVersion_IsAnotherText()
    {
        Assert.AreEqual("text 1", Get("k", "v"));
        Assert.AreEqual("text 2", Get("k", "w"));
        Assert.AreEqual("text 3", Get("l", "v"));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("// sha256: 0000\ntext 1")]
    [DataRow("text 1")]
    public void Get_DamagedFile_IsMadeAnew(string content)
    {
        Get("k", "v");
        File.WriteAllText(Directory.GetFiles(_folder).Single(), content);
        Assert.AreEqual("text 2", Get("k", "v"));
        Assert.AreEqual("text 2", Get("k", "v"));
    }

    [TestMethod]
    public void Get_FileCutShort_IsMadeAnew()
    {
        Get("k", "v");
        string file = Directory.GetFiles(_folder).Single();
        File.WriteAllText(file, File.ReadAllText(file)[..^1]);
        Assert.AreEqual("text 2", Get("k", "v"));
    }

    [TestMethod]
    public void Get_FolderThatCannotBe_StillGivesTheText()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        PtxCache cache = new(Path.Combine(file, "below"));
        Assert.AreEqual("text", cache.Get("k", "v", () => "text"));
    }

    private string Get(string name, string version) =>
        new PtxCache(_folder).Get(name, version, () => $"text {++_made}");
}
