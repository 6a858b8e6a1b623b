using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Engine;
using SelfAdapt.KernelSimulator;
using SelfAdapt.Kernels;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>
/// The shipped PTX belongs to the sources: write it anew with "dotnet run --project kernels/tool -p:Gpu=true -- ptx
/// kernels/ptx" where one of these fails.
/// </summary>
[TestClass]
public sealed partial class PtxTests
{
    private static readonly string Folder = Path.Combine(RepositoryFolder.Root, "kernels");

    private static IEnumerable<IGrouping<string, string>> Kernels { get; } =
        Simulator.KernelsOf(typeof(Elementwise).Assembly).Keys.GroupBy(k => k.Split('.')[0]);

    [TestMethod]
    public void Ptx_EverySource_NamesTheSourcesHash()
    {
        foreach (string file in Kernels.Select(k => k.Key))
        {
            string source = File.ReadAllText(Path.Combine(Folder, file + ".cs")).ReplaceLineEndings("\n");
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)));
            string first = File.ReadLines(Path.Combine(Folder, "ptx", file + ".ptx")).First();
            StringAssert.StartsWith(first, $"// source: {file}.cs sha256: {hash} ilgpu: 1.5.", $"{file} is stale.");
        }
    }

    [TestMethod]
    public void Ptx_SharedSources_NamesTheirHash()
    {
        string[] shared = [.. Directory.GetFiles(Folder, "*.cs")
            .Where(f => Kernels.All(k => k.Key != Path.GetFileNameWithoutExtension(f)))
            .Order(StringComparer.Ordinal)];
        string all = string.Concat(shared.Select(f => File.ReadAllText(f).ReplaceLineEndings("\n")));
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
        foreach (string file in Directory.GetFiles(Path.Combine(Folder, "ptx"), "*.ptx"))
        {
            Assert.AreEqual($"// shared sources sha256: {hash}", File.ReadLines(file).Skip(1).First(), file);
        }
    }

    [TestMethod]
    public void Ptx_EveryKernel_HasItsEntryAndParameters()
    {
        foreach (IGrouping<string, string> file in Kernels)
        {
            string text = File.ReadAllText(Path.Combine(Folder, "ptx", file.Key + ".ptx"));
            string[] entries = [.. Entry().Matches(text).Select(m => m.Groups[1].Value)];
            CollectionAssert.AreEquivalent(file.Select(k => k.Replace('.', '_')).ToArray(), entries);
            foreach (Match entry in Entry().Matches(text))
            {
                string[] expected = [.. Simulator.KernelsOf(typeof(Elementwise).Assembly)[
                    entry.Groups[1].Value.Replace('_', '.')].GetParameters()
                    .Select(p => p.ParameterType.IsGenericType ? ".align 8 .b8 _" + p.Name + "[16]"
                        : (p.ParameterType == typeof(float) ? ".f32 _" : ".b32 _") + p.Name)];
                string[] actual = [.. Parameter().Matches(entry.Groups[2].Value).Select(m => m.Groups[1].Value)];
                CollectionAssert.AreEqual(expected, actual, entry.Groups[1].Value);
            }
        }
    }

    [TestMethod]
    public void Ptx_Library_CarriesEveryFile()
    {
        string[] embedded = typeof(Backend).Assembly.GetManifestResourceNames();
        foreach (string file in Kernels.Select(k => k.Key))
        {
            CollectionAssert.Contains(embedded, $"ptx/{file}.ptx");
        }
    }

    [GeneratedRegex(@"\.visible \.entry (\w+)\(([^)]*)\)")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param ([^,\n]+)")]
    private static partial Regex Parameter();
}
