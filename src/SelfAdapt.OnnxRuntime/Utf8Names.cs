using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;

namespace SelfAdapt.OnnxRuntime;

/// <summary>An array of C strings.</summary>
internal sealed class Utf8Names : IDisposable
{
    public Utf8Names(IEnumerable<string> names) =>
        Pointers = [.. names.Select(Marshal.StringToCoTaskMemUTF8)];

    public nint[] Pointers { get; }

    public void Dispose()
    {
        foreach (nint pointer in Pointers)
        {
            Marshal.FreeCoTaskMem(pointer);
        }
    }
}
