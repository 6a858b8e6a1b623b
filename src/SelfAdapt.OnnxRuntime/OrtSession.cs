using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;

namespace SelfAdapt.OnnxRuntime;

/// <summary>Receives one output of a run, while ONNX Runtime still owns it.</summary>
/// <param name="index">Position of the output among those asked for.</param>
/// <param name="shape">Sizes.</param>
/// <param name="values">Elements, row-major; gone after the call.</param>
public delegate void OrtOutputReceiver(int index, long[] shape, ReadOnlySpan<float> values);

/// <summary>A model loaded into ONNX Runtime.</summary>
public sealed unsafe class OrtSession : IDisposable
{
    private const int OptimizeAll = 99;
    private const int FloatElement = 1;

    private readonly OrtLibrary _library;
    private nint _session;

    /// <summary>Loads a model.</summary>
    /// <param name="library">The native library.</param>
    /// <param name="model">The ONNX file's content.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the model (ModelUnsupported), or the device asked for can't be had
    /// (DeviceMissing).
    /// </exception>
    public OrtSession(OrtLibrary library, ReadOnlySpan<byte> model, OrtOptions options)
        : this(library, model, options, null, default)
    {
    }

    /// <summary>
    /// Loads a model whose weights lie in a buffer, which must stay in place while the session lives.
    /// </summary>
    internal OrtSession(
        OrtLibrary library,
        ReadOnlySpan<byte> model,
        OrtOptions options,
        string? location,
        Span<float> pinned)
    {
        _library = library;
        ProviderName = options.ProviderName;
        nint native = CreateOptions(library, options);
        try
        {
            if (location is not null)
            {
                AddWeights(library, native, location, pinned);
            }

            nint session;
            fixed (byte* bytes = model)
            {
                library.Check(
                    ((delegate* unmanaged<nint, byte*, nuint, nint, nint*, nint>)
                        library[OrtFunction.CreateSessionFromArray])(
                            library.Environment, bytes, (nuint)model.Length, native, &session));
            }

            _session = session;
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)library[OrtFunction.ReleaseSessionOptions])(native);
        }

        InputNames = Names(OrtFunction.SessionGetInputCount, OrtFunction.SessionGetInputName);
        OutputNames = Names(OrtFunction.SessionGetOutputCount, OrtFunction.SessionGetOutputName);
    }

    /// <summary>Ends a session that was not disposed of.</summary>
    ~OrtSession() => Release();

    /// <summary>Names of the model's inputs.</summary>
    public IReadOnlyList<string> InputNames { get; }

    /// <summary>Names of the model's outputs.</summary>
    public IReadOnlyList<string> OutputNames { get; }

    /// <summary>The provider in use: "CPU" or "CUDA:0".</summary>
    public string ProviderName { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Runs the model on named tensors.</summary>
    /// <param name="inputs">A tensor for every input.</param>
    /// <returns>All outputs by name.</returns>
    /// <exception cref="SelfAdaptException">
    /// The inputs don't fit the model, or an output is not float32 (ModelUnsupported); memory ran out.
    /// </exception>
    public IReadOnlyDictionary<string, OrtTensor> Run(IReadOnlyDictionary<string, OrtTensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Dictionary<string, OrtTensor> results = [];
        GCHandle[] pins = [.. inputs.Values.Select(t => GCHandle.Alloc(t.Values, GCHandleType.Pinned))];
        nint[] values = new nint[pins.Length];
        try
        {
            int i = 0;
            foreach (OrtTensor tensor in inputs.Values)
            {
                float* data = (float*)pins[i].AddrOfPinnedObject();
                values[i] = Tensor(data, tensor.Values.Length, [.. tensor.Shape]);
                i++;
            }

            RunNative([.. inputs.Keys], values, OutputNames, (index, shape, output) =>
                results.Add(OutputNames[index], new OrtTensor(shape, output.ToArray())));
        }
        finally
        {
            foreach (nint value in values)
            {
                ReleaseValue(value);
            }

            foreach (GCHandle pin in pins)
            {
                pin.Free();
            }
        }

        return results;
    }

    /// <summary>Runs a model of one input without copying it.</summary>
    /// <param name="input">The input's elements, row-major.</param>
    /// <param name="shape">The input's sizes.</param>
    /// <param name="outputs">Names of the outputs wanted.</param>
    /// <param name="receive">Called for each of them in that order.</param>
    /// <exception cref="SelfAdaptException">
    /// The input does not fit the model, or an output is not float32 (ModelUnsupported); memory ran out.
    /// </exception>
    public void Run(
        ReadOnlySpan<float> input, long[] shape, IReadOnlyList<string> outputs, OrtOutputReceiver receive)
    {
        fixed (float* data = input)
        {
            nint value = Tensor(data, input.Length, shape);
            try
            {
                RunNative([InputNames[0]], [value], outputs, receive);
            }
            finally
            {
                ReleaseValue(value);
            }
        }
    }

    private static nint CreateOptions(OrtLibrary library, OrtOptions options)
    {
        nint native;
        library.Check(((delegate* unmanaged<nint*, nint>)library[OrtFunction.CreateSessionOptions])(&native));
        try
        {
            library.Check(
                ((delegate* unmanaged<nint, int, nint>)library[OrtFunction.SetSessionGraphOptimizationLevel])(
                    native, OptimizeAll));
            library.Check(((delegate* unmanaged<nint, int, nint>)library[OrtFunction.SetIntraOpNumThreads])(
                native, options.Threads));
            if (options.Device == OrtDevice.Cuda)
            {
                CudaProvider.Append(library, native, options.DeviceIndex);
            }
        }
        catch (SelfAdaptException)
        {
            ((delegate* unmanaged<nint, void>)library[OrtFunction.ReleaseSessionOptions])(native);
            throw;
        }

        return native;
    }

    private static void AddWeights(OrtLibrary library, nint options, string location, Span<float> pinned)
    {
        // File names are wide characters on Windows, bytes elsewhere.
        nint name = OperatingSystem.IsWindows()
            ? Marshal.StringToCoTaskMemUni(location)
            : Marshal.StringToCoTaskMemUTF8(location);
        fixed (float* buffer = pinned)
        {
            float* start = buffer;
            nuint length = (nuint)pinned.Length * sizeof(float);
            nint status = ((delegate* unmanaged<nint, nint*, float**, nuint*, nuint, nint>)
                library[OrtFunction.AddExternalInitializersFromFilesInMemory])(
                    options, &name, &start, &length, 1);
            Marshal.FreeCoTaskMem(name);
            library.Check(status);
        }
    }

    private nint Tensor(float* data, int count, long[] shape)
    {
        nint value;
        fixed (long* sizes = shape)
        {
            _library.Check(((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)
                _library[OrtFunction.CreateTensorWithDataAsOrtValue])(
                    _library.CpuMemory, data, (nuint)count * sizeof(float), sizes, (nuint)shape.Length,
                    FloatElement, &value));
        }

        return value;
    }

    private void RunNative(
        IReadOnlyList<string> inputNames,
        nint[] inputs,
        IReadOnlyList<string> outputNames,
        OrtOutputReceiver receive)
    {
        ObjectDisposedException.ThrowIf(_session == 0, this);
        nint[] outputs = new nint[outputNames.Count];
        using Utf8Names ins = new(inputNames);
        using Utf8Names outs = new(outputNames);
        try
        {
            fixed (nint* inNames = ins.Pointers, inValues = inputs)
            fixed (nint* outNames = outs.Pointers, outValues = outputs)
            {
                var run = (delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)
                    _library[OrtFunction.Run];
                _library.Check(run(
                    _session, 0, inNames, inValues, (nuint)inputs.Length,
                    outNames, (nuint)outputs.Length, outValues));
            }

            for (int i = 0; i < outputs.Length; i++)
            {
                Deliver(i, outputs[i], outputNames[i], receive);
            }
        }
        finally
        {
            foreach (nint output in outputs)
            {
                ReleaseValue(output);
            }
        }
    }

    private void Deliver(int index, nint value, string name, OrtOutputReceiver receive)
    {
        nint info;
        _library.Check(((delegate* unmanaged<nint, nint*, nint>)_library[OrtFunction.GetTensorTypeAndShape])(
            value, &info));
        long[] shape;
        int type;
        try
        {
            nuint rank;
            _library.Check(((delegate* unmanaged<nint, int*, nint>)_library[
                OrtFunction.GetTensorElementType])(info, &type));
            _library.Check(((delegate* unmanaged<nint, nuint*, nint>)_library[
                OrtFunction.GetDimensionsCount])(info, &rank));
            shape = new long[rank];
            fixed (long* sizes = shape)
            {
                _library.Check(((delegate* unmanaged<nint, long*, nuint, nint>)_library[
                    OrtFunction.GetDimensions])(info, sizes, rank));
            }
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)_library[OrtFunction.ReleaseTensorTypeAndShapeInfo])(info);
        }

        if (type != FloatElement)
        {
            throw new SelfAdaptException(
                ExitCode.ModelUnsupported,
                $"The model's output '{name}' is not float32; export the model with float32.");
        }

        float* data;
        _library.Check(((delegate* unmanaged<nint, float**, nint>)_library[OrtFunction.GetTensorMutableData])(
            value, &data));
        long count = shape.Aggregate(1L, (a, b) => a * b);
        receive(index, shape, new ReadOnlySpan<float>(data, checked((int)count)));
    }

    private string[] Names(OrtFunction countFunction, OrtFunction nameFunction)
    {
        nuint count;
        _library.Check(((delegate* unmanaged<nint, nuint*, nint>)_library[countFunction])(_session, &count));
        string[] names = new string[count];
        for (nuint i = 0; i < count; i++)
        {
            nint name;
            _library.Check(((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_library[nameFunction])(
                _session, i, _library.Allocator, &name));
            names[i] = Marshal.PtrToStringUTF8(name) ?? "";
            _library.Check(((delegate* unmanaged<nint, nint, nint>)_library[OrtFunction.AllocatorFree])(
                _library.Allocator, name));
        }

        return names;
    }

    private void ReleaseValue(nint value)
    {
        if (value != 0)
        {
            ((delegate* unmanaged<nint, void>)_library[OrtFunction.ReleaseValue])(value);
        }
    }

    private void Release()
    {
        if (_session != 0)
        {
            ((delegate* unmanaged<nint, void>)_library[OrtFunction.ReleaseSession])(_session);
            _session = 0;
        }
    }
}
