using System;
using System.Globalization;
using System.Linq;

namespace SelfAdapt.OnnxRuntime;

/// <summary>Asks ONNX Runtime for its CUDA provider, or says what is missing.</summary>
internal static unsafe class CudaProvider
{
    private const string Name = "CUDAExecutionProvider";

    /// <summary>Adds the provider to session options.</summary>
    /// <exception cref="SelfAdaptException">It can't be had (DeviceMissing).</exception>
    public static void Append(OrtLibrary library, nint sessionOptions, int deviceIndex)
    {
        if (!library.Providers.Contains(Name))
        {
            throw Missing(library, "this build of the library has no CUDA provider");
        }

        nint cuda = 0;
        try
        {
            library.Check(((delegate* unmanaged<nint*, nint>)library[OrtFunction.CreateCudaOptions])(&cuda));
            using Utf8Names key = new(["device_id"]);
            using Utf8Names value = new([deviceIndex.ToString(CultureInfo.InvariantCulture)]);
            fixed (nint* keys = key.Pointers, values = value.Pointers)
            {
                library.Check(((delegate* unmanaged<nint, nint*, nint*, nuint, nint>)
                    library[OrtFunction.UpdateCudaOptions])(cuda, keys, values, 1));
            }

            library.Check(((delegate* unmanaged<nint, nint, nint>)library[OrtFunction.AppendCuda])(
                sessionOptions, cuda));
        }
        catch (SelfAdaptException e)
        {
            throw Missing(library, e.Message);
        }
        finally
        {
            if (cuda != 0)
            {
                ((delegate* unmanaged<nint, void>)library[OrtFunction.ReleaseCudaOptions])(cuda);
            }
        }
    }

    private static SelfAdaptException Missing(OrtLibrary library, string why) => new(
        ExitCode.DeviceMissing,
        $"ONNX Runtime can't use CUDA with {library.Path}: {why.TrimEnd('.')}. It needs an NVIDIA "
        + "driver, CUDA, cuDNN and its own CUDA provider library beside it; point "
        + $"{OrtLibrary.PathVariable} to a GPU build, or leave the device to the built-in engine.");
}
