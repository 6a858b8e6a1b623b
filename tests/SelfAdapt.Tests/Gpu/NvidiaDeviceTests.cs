using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// The device on ILGPU's binding of the driver, over a stand-in for the driver's library that a C compiler makes here:
/// in a process of its own, as a library is bound once.
/// </summary>
[TestClass]
public sealed class NvidiaDeviceTests
{
    private static readonly Lazy<string?> Verdicts = new(Run);

    public static IEnumerable<object[]> Checks => StandInChecks.Names.Select(n => new object[] { n });

    [TestMethod]
    [DynamicData(nameof(Checks))]
    public void OnTheStandIn(string check)
    {
        if (Verdicts.Value is not { } verdicts)
        {
            Assert.Inconclusive("not run: there is no C compiler here that makes the stand-in");
            return;
        }

        string line = verdicts.Split('\n').FirstOrDefault(l => l.StartsWith(check + ':', StringComparison.Ordinal))
            ?? verdicts;
        Assert.AreEqual($"{check}: holds", line);
    }

    private static string? Run()
    {
        string folder = Directory.CreateTempSubdirectory("stand-in-").FullName;
        try
        {
            string source = Path.Combine(
                RepositoryFolder.Root, "tests", "SelfAdapt.Tests", "Gpu", "stand_in_driver.c");
            string library = Path.Combine(folder, "libcuda.so.1");
            using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
            compiler.WaitForExit();
            return compiler.ExitCode == 0 ? RunWith(folder) : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static string RunWith(string folder)
    {
        ProcessStartInfo start = new("dotnet", [typeof(NvidiaDeviceTests).Assembly.Location, "stand-in"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LD_LIBRARY_PATH"] = folder;
        start.Environment["XDG_CACHE_HOME"] = folder;
        using Process program = Process.Start(start)!;
        Task<string> errors = program.StandardError.ReadToEndAsync();
        string verdicts = program.StandardOutput.ReadToEnd();
        return $"{verdicts}\nit ended with {errors.Result}";
    }
}
