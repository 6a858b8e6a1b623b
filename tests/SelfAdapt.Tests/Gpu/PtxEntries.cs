using System;
using System.Linq;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Gpu;

namespace SelfAdapt.Tests.Gpu;

/// <summary>What the shipped PTX says about a kernel, beside what the simulator runs.</summary>
internal static class PtxEntries
{
    /// <summary>Fails where the shipped kernel would read its parameters otherwise than they are passed.</summary>
    /// <param name="kernel">Class.Method.</param>
    /// <param name="arguments">What is passed.</param>
    public static void RequireParameters(string kernel, ReadOnlySpan<KernelArgument> arguments)
    {
        string entry = PtxLibrary.EntryOf(kernel);
        (string _, byte[] bytes) = PtxLibrary.Embedded.Find(entry)
            ?? throw new AssertFailedException($"{kernel} is not among the PTX of the library");
        string text = Encoding.UTF8.GetString(bytes);
        int start = text.IndexOf($".entry {entry}(", StringComparison.Ordinal);
        string[] parameters = [.. text[start..text.IndexOf("\n)", start, StringComparison.Ordinal)].Split('\n')
            .Select(line => line.Trim()).Where(line => line.StartsWith(".param", StringComparison.Ordinal))];
        Assert.HasCount(parameters.Length, arguments.ToArray(), kernel);
        for (int i = 0; i < parameters.Length; i++)
        {
            string expected = arguments[i].Kind switch
            {
                KernelArgumentKind.View => "[16]",
                KernelArgumentKind.LongWord => "64 ",
                _ => "32 ",
            };
            StringAssert.Contains(parameters[i], expected, StringComparison.Ordinal, $"{kernel}, parameter {i}");
        }
    }
}
