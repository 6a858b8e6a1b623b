using System.ComponentModel;
using System.Diagnostics;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// The device on ILGPU's binding of the driver, over a stand-in for the driver's library that a C compiler makes here:
/// in a process of its own, as a library is bound once.
/// </summary>
[TestClass]
internal sealed class NvidiaDeviceTests
{
    private const string Library = "libcuda.so.1";

    private static readonly string Folder = Directory.CreateTempSubdirectory("stand-in-").FullName;
    private static readonly Lazy<bool> IsMade = new(() => Make());
    private static readonly Lazy<string> Verdicts =
        new(() => Run("", Folder, typeof(NvidiaDeviceTests).Assembly.Location, "stand-in").Output);

    public static IEnumerable<object[]> Checks => StandInChecks.Names.Select(n => new object[] { n });

    [ClassCleanup]
    public static void RemoveFolder() => Directory.Delete(Folder, true);

    [TestMethod]
    [DynamicData(nameof(Checks))]
    public void OnTheStandIn(string check)
    {
        RequireStandIn();
        string line = Verdicts.Value.Split('\n')
            .FirstOrDefault(l => l.StartsWith(check + ':', StringComparison.Ordinal)) ?? Verdicts.Value;
        Assert.AreEqual($"{check}: holds", line);
    }

    [TestMethod]
    public void Tool_DriverThatFindsNoGpu_SaysSo()
    {
        RequireStandIn();
        RequireMissing("no GPU that it can use (CUDA_ERROR_NO_DEVICE)", "cuInit=100");
    }

    [TestMethod]
    public void Tool_AnotherLibraryInTheDriversPlace_SaysThatItIsDamaged()
    {
        RequireStandIn();
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "other")).FullName;
        File.WriteAllText(Path.Combine(folder, "other.c"), "int other;");
        Compile(Path.Combine(folder, "other.c"), Path.Combine(folder, Library));
        RequireMissing("too old or damaged", "", folder);
    }

    private static void RequireMissing(string text, string fault, string? folder = null)
    {
        string tool = Path.Combine(AppContext.BaseDirectory, "Adapt.dll");
        (int code, string output) = Run(fault, folder ?? Folder, tool, "doctor", "--device", "cuda");
        Assert.AreEqual((int)ExitCode.DeviceMissing, code, output);
        StringAssert.Contains(output, text, StringComparison.Ordinal);
    }

    private static void RequireStandIn()
    {
        if (!IsMade.Value)
        {
            Assert.Inconclusive("not run: there is no C compiler here that makes the stand-in");
        }
    }

    private static bool Make()
    {
        try
        {
            return Compile(
                Path.Combine(RepositoryFolder.Root, "tests", "SelfAdapt.Tests", "Gpu", "stand_in_driver.c"),
                Path.Combine(Folder, Library));
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static bool Compile(string source, string library)
    {
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
        compiler.WaitForExit();
        return compiler.ExitCode == 0;
    }

    private static (int Code, string Output) Run(string fault, string folder, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LD_LIBRARY_PATH"] = folder;
        start.Environment["XDG_CACHE_HOME"] = Folder;
        start.Environment["STAND_IN_FAIL"] = fault;
        using Process program = Process.Start(start)!;
        Task<string> errors = program.StandardError.ReadToEndAsync();
        string output = program.StandardOutput.ReadToEnd();
        output = $"{output}\n{errors.Result}";
        program.WaitForExit();
        return (program.ExitCode, output);
    }
}
