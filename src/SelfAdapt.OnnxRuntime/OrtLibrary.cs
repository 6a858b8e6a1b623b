using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;

namespace SelfAdapt.OnnxRuntime;

/// <summary>The native library of ONNX Runtime, found and loaded; one per process and path.</summary>
public sealed unsafe class OrtLibrary
{
    /// <summary>Environment variable that names the library file or its folder.</summary>
    public const string PathVariable = "SELFADAPT_ORT";

    // Version 18 (ONNX Runtime 1.18) is the first with AddExternalInitializersFromFilesInMemory.
    private const uint ApiVersion = 18;

    private const int LogFatalOnly = 4;
    private const int ArenaAllocator = 1;

    private static readonly Dictionary<string, OrtLibrary> Loaded = [];

    private readonly nint* _functions;

    private OrtLibrary(string path, nint library)
    {
        Path = path;
        nint* apiBase = ((delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        Version = Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)apiBase[1])()) ?? "?";
        _functions = ((delegate* unmanaged<uint, nint*>)apiBase[0])(ApiVersion);
        if (_functions is null)
        {
            throw new NotSupportedException($"version {Version} is too old; 1.{ApiVersion} is needed");
        }

        nint environment;
        fixed (byte* name = "SelfAdapt\0"u8)
        {
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)this[OrtFunction.CreateEnv])(
                LogFatalOnly, name, &environment));
        }

        Environment = environment;
        Check(((delegate* unmanaged<nint, nint>)this[OrtFunction.DisableTelemetryEvents])(environment));
        nint memory;
        Check(((delegate* unmanaged<int, int, nint*, nint>)this[OrtFunction.CreateCpuMemoryInfo])(
            ArenaAllocator, 0, &memory));
        CpuMemory = memory;
        nint allocator;
        Check(((delegate* unmanaged<nint*, nint>)this[OrtFunction.GetAllocatorWithDefaultOptions])(
            &allocator));
        Allocator = allocator;
        Providers = ReadProviders();
    }

    /// <summary>Where it was found.</summary>
    public string Path { get; }

    /// <summary>Its version.</summary>
    public string Version { get; }

    /// <summary>
    /// The execution providers it was built with ("CPUExecutionProvider", "CUDAExecutionProvider", ...);
    /// whether
    /// one works here shows only when a session asks for it.
    /// </summary>
    public IReadOnlyList<string> Providers { get; }

    internal nint Environment { get; }

    internal nint CpuMemory { get; }

    internal nint Allocator { get; }

    internal nint this[OrtFunction function] => _functions[(int)function];

    /// <summary>
    /// Finds the library: where the user says (and then nowhere else), next to the program, in the build's
    /// artifacts, on the system.
    /// </summary>
    /// <param name="userPath">The file or its folder; null to go by SELFADAPT_ORT and the other
    /// places.</param>
    /// <param name="reason">Why there is none, in one line; "" if there is one.</param>
    /// <returns>The library, or null.</returns>
    public static OrtLibrary? TryFind(string? userPath, out string reason)
    {
        string? asked = userPath ?? System.Environment.GetEnvironmentVariable(PathVariable);
        reason = "";
        lock (Loaded)
        {
            if (!string.IsNullOrEmpty(asked))
            {
                return TryLoad(OrtLocations.Resolve(asked), ref reason);
            }

            foreach (string candidate in OrtLocations.Candidates())
            {
                if (TryLoad(candidate, ref reason) is { } found)
                {
                    reason = "";
                    return found;
                }
            }
        }

        if (reason.Length == 0)
        {
            reason = "ONNX Runtime was not found next to the program, in the build's artifacts or on "
                + $"the system; set {PathVariable} to its library file to use it";
        }

        return null;
    }

    /// <summary>Throws if a call failed.</summary>
    internal void Check(nint status, ExitCode code = ExitCode.ModelUnsupported)
    {
        if (status == 0)
        {
            return;
        }

        string message = Marshal.PtrToStringUTF8(
            (nint)((delegate* unmanaged<nint, byte*>)this[OrtFunction.GetErrorMessage])(status)) ?? "?";
        ((delegate* unmanaged<nint, void>)this[OrtFunction.ReleaseStatus])(status);
        bool memory = message.Contains("allocate memory", StringComparison.OrdinalIgnoreCase)
            || message.Contains("out of memory", StringComparison.OrdinalIgnoreCase);
        throw new SelfAdaptException(
            memory ? ExitCode.OutOfMemory : code, $"ONNX Runtime {Version}: {message.Trim()}");
    }

    private static OrtLibrary? TryLoad(string path, ref string reason)
    {
        if (Loaded.TryGetValue(path, out OrtLibrary? known))
        {
            return known;
        }

        try
        {
            OrtLibrary library = new(path, NativeLibrary.Load(path));
            Loaded.Add(path, library);
            return library;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException
            or EntryPointNotFoundException or NotSupportedException or SelfAdaptException)
        {
            // A missing system library is the usual case and says nothing; a file that is there and fails
            // does.
            if (System.IO.Path.IsPathRooted(path))
            {
                string why = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries)[0].Trim();
                reason = $"ONNX Runtime can't be loaded from {path}: {why}";
            }

            return null;
        }
    }

    private string[] ReadProviders()
    {
        byte** names;
        int count;
        Check(((delegate* unmanaged<byte***, int*, nint>)this[OrtFunction.GetAvailableProviders])(
            &names, &count));
        string[] providers = new string[count];
        for (int i = 0; i < count; i++)
        {
            providers[i] = Marshal.PtrToStringUTF8((nint)names[i]) ?? "?";
        }

        Check(((delegate* unmanaged<byte**, int, nint>)this[OrtFunction.ReleaseAvailableProviders])(
            names, count));
        return providers;
    }
}
